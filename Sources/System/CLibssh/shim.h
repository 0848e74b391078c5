#ifndef AENEAS_CLIBSSH_SHIM_H
#define AENEAS_CLIBSSH_SHIM_H
#include <libssh/libssh.h>
#include <libssh/callbacks.h>
#include <libssh/server.h> /* ssh_send_keepalive is declared here, though it is for both ends */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#endif
