#ifndef AENEAS_CRESOLV_SHIM_H
#define AENEAS_CRESOLV_SHIM_H
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdint.h>
#include <string.h>

// The resolver's functions are macros over other names, and its state has unions: one wrapper for the whole of a query.
//
// Asks the servers of resolv.conf, or the one of that IPv4 address when `server` is not NULL, each once and for at most `seconds`; over TCP when the answer
// does not fit into UDP. Returns the answer's size; or -1 with *reason set to one of netdb.h's h_errno values.
static inline int aeneas_resolv_query(
    const char *name, int type, const char *server, uint16_t port, int seconds, unsigned char *answer, int size, int *reason) {
    struct __res_state state;
    memset(&state, 0, sizeof state);
    *reason = NO_RECOVERY;
    if (res_ninit(&state) != 0) return -1;
    state.retry = 1;
    state.retrans = seconds;
    if (server) {
        state.nscount = 1;
        state.nsaddr_list[0].sin_family = AF_INET;
        state.nsaddr_list[0].sin_port = htons(port);
        if (inet_pton(AF_INET, server, &state.nsaddr_list[0].sin_addr) != 1) {
            res_nclose(&state);
            return -1;
        }
    }
    int count = res_nquery(&state, name, ns_c_in, type, answer, size);
    *reason = state.res_h_errno;
    res_nclose(&state);
    return count;
}
#endif
