#include "target/target.h"

#include "check.h"

TEST(a_target_of_nothing_is_refused)
{
    char *problem = NULL;
    assert_null(target_read("x", "{}", 2, NULL, &problem));
    assert_non_null(problem);
    free(problem);
}

RUN(LISTED(a_target_of_nothing_is_refused))
