/* Prints results that nobody measured: as JSON, or as what is made of them.
 *
 *   made-up-results json|table|hgrm|report */
#include "made_up.h"

#include "results/hgrm.h"
#include "results/json.h"
#include "results/report.h"
#include "results/table.h"

#include <stdio.h>
#include <string.h>

int
main(int argc, char **argv)
{
    const char *form = argc > 1 ? argv[1] : "json";
    struct results *results = made_up_results();
    bool is_known = true;
    if (strcmp(form, "json") == 0)
        results_write(stdout, results, RESULTS_WHOLE);
    else if (strcmp(form, "table") == 0)
        table_print(stdout, results, false);
    else if (strcmp(form, "hgrm") == 0)
        hgrm_print(stdout, results);
    else if (strcmp(form, "report") == 0)
        report_write(stdout, results);
    else
        is_known = false;
    results_free(results);
    return is_known && !fflush(stdout) ? 0 : 2;
}
