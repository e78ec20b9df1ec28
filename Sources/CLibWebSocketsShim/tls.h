#ifndef CLWS_TLS_H
#define CLWS_TLS_H

#include "CLibWebSocketsShim.h"

#include <openssl/ssl.h>

// TLS contexts are made here and not by libwebsockets: its client trusts every certificate below "../share", relative
// to the working directory, cannot check IPv6 addresses, and does not report errors.

/// Gives a server's context its certificate and key.
bool clws_tls_load_identity(
    SSL_CTX *tls, const char *certificate_file, const char *key_file, clws_tls_problem *problem);
/// The same again with other files; on failure the context is unchanged.
bool clws_tls_renew_identity(
    SSL_CTX *tls, const char *certificate_file, const char *key_file, clws_tls_problem *problem);
/// A client's context that verifies certificates for one host; without a host, a context that trusts no server.
SSL_CTX *clws_tls_create_client(const char *host, const char *trusted_certificate_file, clws_tls_problem *problem);

/// Counts the records with data that connections of a client's context receive.
void clws_tls_count_records(SSL_CTX *tls, uint64_t *count);

#endif
