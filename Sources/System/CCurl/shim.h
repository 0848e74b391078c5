#ifndef AENEAS_CCURL_SHIM_H
#define AENEAS_CCURL_SHIM_H
#include <curl/curl.h>

// curl_easy_setopt and curl_easy_getinfo are variadic, which Swift cannot call: one wrapper for each type of argument.
typedef size_t (*aeneas_curl_io)(char *buffer, size_t size, size_t count, void *context);

static inline CURLcode aeneas_curl_set_long(CURL *handle, CURLoption option, long value) { return curl_easy_setopt(handle, option, value); }
static inline CURLcode aeneas_curl_set_offset(CURL *handle, CURLoption option, curl_off_t value) { return curl_easy_setopt(handle, option, value); }
static inline CURLcode aeneas_curl_set_text(CURL *handle, CURLoption option, const char *value) { return curl_easy_setopt(handle, option, value); }
static inline CURLcode aeneas_curl_set_pointer(CURL *handle, CURLoption option, void *value) { return curl_easy_setopt(handle, option, value); }
static inline CURLcode aeneas_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) { return curl_easy_setopt(handle, option, value); }
static inline CURLcode aeneas_curl_set_io(CURL *handle, CURLoption option, aeneas_curl_io value) { return curl_easy_setopt(handle, option, value); }
static inline CURLcode aeneas_curl_set_seek(CURL *handle, curl_seek_callback value) { return curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, value); }
static inline CURLcode aeneas_curl_set_progress(CURL *handle, curl_xferinfo_callback value) { return curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, value); }
// The bytes are copied.
static inline CURLcode aeneas_curl_set_blob(CURL *handle, CURLoption option, const void *bytes, size_t count) {
    struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
    return curl_easy_setopt(handle, option, &blob);
}
static inline CURLcode aeneas_curl_get_offset(CURL *handle, CURLINFO info, curl_off_t *value) { return curl_easy_getinfo(handle, info, value); }
static inline curl_socket_t aeneas_curl_no_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)context; (void)purpose; (void)address;
    return CURL_SOCKET_BAD;
}
// No new connection is opened: what cannot go over a kept one ends in CURLE_COULDNT_CONNECT.
static inline CURLcode aeneas_curl_set_kept_only(CURL *handle) { return curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, aeneas_curl_no_socket); }
static inline CURLcode aeneas_curl_get_long(CURL *handle, CURLINFO info, long *value) { return curl_easy_getinfo(handle, info, value); }
static inline CURLcode aeneas_curl_get_text(CURL *handle, CURLINFO info, char **value) { return curl_easy_getinfo(handle, info, value); }
#endif
