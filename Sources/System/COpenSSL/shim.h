#ifndef AENEAS_COPENSSL_SHIM_H
#define AENEAS_COPENSSL_SHIM_H
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

// These are macros in OpenSSL, which Swift cannot call.
static inline long aeneas_ssl_ctx_require_tls12(SSL_CTX *context) { return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION); }
static inline long aeneas_ssl_set_server_name(SSL *ssl, const char *name) { return SSL_set_tlsext_host_name(ssl, name); }
// An empty memory BIO means "nothing yet" rather than "end of stream".
static inline void aeneas_bio_empty_means_retry(BIO *bio) { BIO_set_mem_eof_return(bio, -1); }
static inline int aeneas_error_reason(unsigned long code) { return ERR_GET_REASON(code); }
#endif
