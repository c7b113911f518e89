/* The queue's file is one of several: its lock and its bell lie beside it, and
 * whoever comes first makes them for all who may use the directory. */
#ifndef EARSHOT_QUEUE_BESIDE_H
#define EARSHOT_QUEUE_BESIDE_H

/* Opens PATH by FLAGS (of open(2)) and makes it when it is not there: 0660,
 * whatever the umask; made by root it belongs to whom the directory belongs,
 * or root's `earshot publish` would lock the server out. A symbolic link is
 * refused. -1 with errno. */
int beside_open(const char *path, int flags);

#endif
