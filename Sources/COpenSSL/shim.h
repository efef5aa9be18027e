// OpenSSL 3, with the macros that Swift cannot see as one-line calls. No logic lives here.
#pragma once
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/ocsp.h>
#include <openssl/params.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static inline long portico_ssl_ctx_set_session_cache_mode(SSL_CTX *context, long mode) {
    return SSL_CTX_set_session_cache_mode(context, mode);
}
static inline long portico_ssl_ctx_set_cache_size(SSL_CTX *context, long size) {
    return SSL_CTX_sess_set_cache_size(context, size);
}
static inline long portico_ssl_ctx_set_mode(SSL_CTX *context, long mode) { return SSL_CTX_set_mode(context, mode); }
static inline void portico_ssl_ctx_set_read_ahead(SSL_CTX *context, int on) { SSL_CTX_set_read_ahead(context, on); }
static inline int portico_ssl_ctx_set_min_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_min_proto_version(context, version);
}
static inline int portico_ssl_ctx_set_max_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_max_proto_version(context, version);
}
static inline int portico_ssl_ctx_set_groups(SSL_CTX *context, const char *list) {
    return (int)SSL_CTX_set1_groups_list(context, list);
}
static inline int portico_ssl_ctx_set_chain(SSL_CTX *context, STACK_OF(X509) *chain) {
    return (int)SSL_CTX_set1_chain(context, chain);
}
static inline int portico_ssl_ctx_add_chain(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(context, certificate);
}
static inline void portico_ssl_ctx_set_name_callback(SSL_CTX *context, int (*callback)(SSL *, int *, void *)) {
    SSL_CTX_set_tlsext_servername_callback(context, callback);
}
static inline int portico_ssl_set_host_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}
static inline int portico_ssl_ctx_set_max_fragment(SSL_CTX *context, long bytes) {
    return (int)SSL_CTX_set_max_send_fragment(context, bytes);
}
static inline int portico_ssl_ctx_min_version(SSL_CTX *context) { return (int)SSL_CTX_get_min_proto_version(context); }
static inline int portico_ssl_ctx_max_version(SSL_CTX *context) { return (int)SSL_CTX_get_max_proto_version(context); }
static inline int portico_ssl_set_min_version(SSL *ssl, int version) {
    return (int)SSL_set_min_proto_version(ssl, version);
}
static inline int portico_ssl_set_max_version(SSL *ssl, int version) {
    return (int)SSL_set_max_proto_version(ssl, version);
}
static inline uint64_t portico_op_no_sslv3(void) { return SSL_OP_NO_SSLv3; }
static inline uint64_t portico_op_no_tls10(void) { return SSL_OP_NO_TLSv1; }
static inline uint64_t portico_op_no_tls11(void) { return SSL_OP_NO_TLSv1_1; }
static inline uint64_t portico_op_no_tls12(void) { return SSL_OP_NO_TLSv1_2; }
static inline uint64_t portico_op_no_tls13(void) { return SSL_OP_NO_TLSv1_3; }
static inline uint64_t portico_op_no_renegotiation(void) { return SSL_OP_NO_RENEGOTIATION; }
static inline uint64_t portico_op_no_compression(void) { return SSL_OP_NO_COMPRESSION; }
static inline uint64_t portico_op_no_ticket(void) { return SSL_OP_NO_TICKET; }
static inline uint64_t portico_op_server_preference(void) { return SSL_OP_CIPHER_SERVER_PREFERENCE; }
static inline uint64_t portico_op_ignore_unexpected_eof(void) { return SSL_OP_IGNORE_UNEXPECTED_EOF; }
static inline long portico_modes(void) {
    return SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS;
}
static inline int portico_mac_set_key(EVP_MAC_CTX *mac, const unsigned char *key, size_t count) {
    OSSL_PARAM parameters[3] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key, count),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "sha256", 0), OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(mac, parameters);
}
static inline int portico_print_name(BIO *bio, const X509_NAME *name) {
    return X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253);
}
static inline long portico_ssl_ctx_next_certificate(SSL_CTX *context, int is_first) {
    return SSL_CTX_set_current_cert(context, is_first ? SSL_CERT_SET_FIRST : SSL_CERT_SET_NEXT);
}
static inline int portico_names_count(GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }
static inline GENERAL_NAME *portico_names_at(GENERAL_NAMES *names, int index) {
    return sk_GENERAL_NAME_value(names, index);
}
static inline void portico_names_free(GENERAL_NAMES *names) { GENERAL_NAMES_free(names); }
static inline STACK_OF(X509) *portico_certificates_new(void) { return sk_X509_new_null(); }
static inline int portico_certificates_add(STACK_OF(X509) *list, X509 *certificate) {
    return X509_up_ref(certificate) == 1 && sk_X509_push(list, certificate) > 0;
}
static inline void portico_certificates_free(STACK_OF(X509) *list) { sk_X509_pop_free(list, X509_free); }
static inline void portico_certificates_drop_first(STACK_OF(X509) *list) { X509_free(sk_X509_shift(list)); }
static inline int portico_certificates_count(STACK_OF(X509) *list) { return sk_X509_num(list); }
static inline X509 *portico_certificates_at(STACK_OF(X509) *list, int index) { return sk_X509_value(list, index); }
static inline STACK_OF(X509) *portico_ssl_ctx_chain(SSL_CTX *context) {
    STACK_OF(X509) *chain = NULL;
    SSL_CTX_get0_chain_certs(context, &chain);
    return chain;
}
static inline STACK_OF(OPENSSL_STRING) *portico_responders(X509 *certificate) { return X509_get1_ocsp(certificate); }
static inline const char *portico_strings_first(STACK_OF(OPENSSL_STRING) *list) {
    return list == NULL || sk_OPENSSL_STRING_num(list) < 1 ? NULL : sk_OPENSSL_STRING_value(list, 0);
}
static inline void portico_strings_free(STACK_OF(OPENSSL_STRING) *list) { X509_email_free(list); }
static inline void portico_ssl_ctx_set_status_callback(SSL_CTX *context, int (*callback)(SSL *, void *)) {
    SSL_CTX_set_tlsext_status_cb(context, callback);
}
static inline int portico_ssl_set_status_response(SSL *ssl, const unsigned char *bytes, size_t count) {
    unsigned char *copy = OPENSSL_memdup(bytes, count);
    return copy == NULL ? 0 : (int)SSL_set_tlsext_status_ocsp_resp(ssl, copy, count);
}
static inline uint64_t portico_op_no_anti_replay(void) { return SSL_OP_NO_ANTI_REPLAY; }
static inline EVP_PKEY *portico_ec_key(void) { return EVP_EC_gen("P-256"); }
static inline const char *portico_openssl_version(void) { return OpenSSL_version(OPENSSL_VERSION); }
static inline int portico_ssl_group(SSL *ssl) { return (int)SSL_get_negotiated_group(ssl); }
static inline int portico_ssl_offered_ciphers(SSL *ssl, const unsigned char **list) {
    return (int)SSL_get0_raw_cipherlist(ssl, list);
}
static inline int portico_ssl_offered_groups(SSL *ssl, int *list) { return (int)SSL_get1_groups(ssl, list); }
static inline int portico_error_reason(unsigned long code) { return ERR_GET_REASON(code); }
