/* earshot-bench: measures the approaches to real-time push against each other,
 * on equal terms, at Earshot's server or anyone's. */

#include <stdio.h>
#include <stdlib.h>

int
main(void)
{
    puts("earshot-bench " PACKAGE_VERSION);
    return EXIT_SUCCESS;
}
