#include "commands.h"
#include <stdio.h>
int publish_command(const struct options *options)
{
    (void)options;
    return ADMIN_BAD;
}
