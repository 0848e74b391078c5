#ifndef AENEAS_CMICROHTTPD_SHIM_H
#define AENEAS_CMICROHTTPD_SHIM_H
#include <microhttpd.h>
// Swift's Glibc module leaves these out.
#include <sys/epoll.h>
#include <sys/eventfd.h>

// MHD_start_daemon is variadic, which Swift cannot call. One epoll thread over a socket that listens already; `key` and `certificate` (PEM, both or neither) must
// outlive the daemon. `uri` sees each request's raw target first and returns the request's context, which `completed` gets back.
static inline struct MHD_Daemon *cmhd_start(int listening, MHD_AccessHandlerCallback access, void *(*uri)(void *, const char *, struct MHD_Connection *),
                                            MHD_RequestCompletedCallback completed, void *context, unsigned idle_seconds, unsigned connections,
                                            const char *key, const char *certificate) {
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | (key ? MHD_USE_TLS : 0);
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)key},
                                   {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)certificate},
                                   {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)"NORMAL:-VERS-TLS1.0:-VERS-TLS1.1"},
                                   {MHD_OPTION_END, 0, 0}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, 0}};
    return MHD_start_daemon(flags, 0, 0, 0, access, context, MHD_OPTION_LISTEN_SOCKET, listening, MHD_OPTION_URI_LOG_CALLBACK, uri, context,
                            MHD_OPTION_NOTIFY_COMPLETED, completed, context, MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds,
                            MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, key ? tls : none, MHD_OPTION_END);
}

// Unions of this struct's anonymous kind do not reach Swift.
static inline int cmhd_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}
#endif
