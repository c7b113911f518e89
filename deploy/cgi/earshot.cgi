#!/bin/sh
# Earshot as a plain CGI program, for a web server that has a directory for
# such programs and nothing else: copy this file there and make it executable.
#
#   install -m 755 earshot.cgi /usr/lib/cgi-bin/earshot.cgi
#
# Then GET /cgi-bin/earshot.cgi/-/health answers {"ready":true}; apache.conf and
# lighttpd.conf, beside this file, give it the address /earshot and let streams
# through. Options stand here and nowhere else: `earshot.fcgi --help` lists them.

# The queue: in a directory of its own, that the web server's user may write,
# never under the document root.
EARSHOT_QUEUE=/var/lib/earshot/earshot.db

# Who may publish: those whom the web server has authenticated, or "local" for
# programs on this machine only, "anyone", "none".
EARSHOT_PUBLISH=user

# Who may see /-/status, /-/metrics and the page at /-/.
EARSHOT_ADMIN=local

# One program for each reader: keep the number that the machine can bear in
# the web server (README.md beside this file).

export EARSHOT_QUEUE EARSHOT_PUBLISH EARSHOT_ADMIN
exec /usr/local/libexec/earshot/earshot.fcgi
