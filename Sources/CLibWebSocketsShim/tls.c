#define _GNU_SOURCE
#include "tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static _Thread_local bool password_wanted;

// Without this, OpenSSL would ask for a password on the terminal.
static int refuse_password(char *buffer, int size, int writing, void *user) {
    (void)buffer;
    (void)size;
    (void)writing;
    (void)user;
    password_wanted = true;
    return -1;
}

static bool fail(clws_tls_problem *problem, clws_tls_step step) {
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    problem->step = step;
    snprintf(problem->reason, sizeof problem->reason, "%s", reason ? reason : "unknown reason");
    ERR_clear_error();
    return false;
}

bool clws_tls_load_identity(
    SSL_CTX *tls, const char *certificate_file, const char *key_file, clws_tls_problem *problem) {
    ERR_clear_error();
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    // A client that renegotiates repeatedly would cost the server a signature each time.
    SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_default_passwd_cb(tls, refuse_password);
    if (SSL_CTX_use_certificate_chain_file(tls, certificate_file) != 1) return fail(problem, CLWS_TLS_STEP_CERTIFICATE);
    password_wanted = false;
    if (SSL_CTX_use_PrivateKey_file(tls, key_file, SSL_FILETYPE_PEM) != 1) {
        if (password_wanted) return fail(problem, CLWS_TLS_STEP_KEY_PASSWORD);
        unsigned long code = ERR_peek_last_error();
        bool differs = ERR_GET_LIB(code) == ERR_LIB_X509
            && (ERR_GET_REASON(code) == X509_R_KEY_VALUES_MISMATCH || ERR_GET_REASON(code) == X509_R_KEY_TYPE_MISMATCH);
        return fail(problem, differs ? CLWS_TLS_STEP_MATCH : CLWS_TLS_STEP_KEY);
    }
    if (SSL_CTX_check_private_key(tls) != 1) return fail(problem, CLWS_TLS_STEP_MATCH);
    return true;
}

bool clws_tls_renew_identity(
    SSL_CTX *tls, const char *certificate_file, const char *key_file, clws_tls_problem *problem) {
    // First tried in a context that serves nobody: a key that does not fit would leave it half changed.
    SSL_CTX *trial = SSL_CTX_new(TLS_server_method());
    if (!trial) return fail(problem, CLWS_TLS_STEP_LIBRARY);
    bool is_good = clws_tls_load_identity(trial, certificate_file, key_file, problem);
    SSL_CTX_free(trial);
    return is_good && clws_tls_load_identity(tls, certificate_file, key_file, problem);
}

static bool read_time(const ASN1_TIME *time, int64_t *seconds) {
    struct tm parts;
    if (!time || ASN1_TIME_to_tm(time, &parts) != 1) return false;
    *seconds = timegm(&parts);
    return true;
}

bool clws_certificate_validity(const char *file, int64_t *begin, int64_t *end) {
    FILE *stream = fopen(file, "re");
    if (!stream) return false;
    X509 *certificate = PEM_read_X509(stream, NULL, refuse_password, NULL);
    fclose(stream);
    ERR_clear_error();
    if (!certificate) return false;
    bool is_read = read_time(X509_get0_notBefore(certificate), begin)
        && read_time(X509_get0_notAfter(certificate), end);
    X509_free(certificate);
    return is_read;
}

SSL_CTX *clws_tls_create_client(const char *host, const char *trusted_certificate_file, clws_tls_problem *problem) {
    ERR_clear_error();
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (!tls) {
        fail(problem, CLWS_TLS_STEP_LIBRARY);
        return NULL;
    }
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_mode(tls, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    if (!host) return tls;
    int trusts = trusted_certificate_file ? SSL_CTX_load_verify_file(tls, trusted_certificate_file)
                                          : SSL_CTX_set_default_verify_paths(tls);
    // Every connection of the context inherits these.
    X509_VERIFY_PARAM *checks = SSL_CTX_get0_param(tls);
    X509_VERIFY_PARAM_set_hostflags(checks, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    bool is_named = X509_VERIFY_PARAM_set1_ip_asc(checks, host) || X509_VERIFY_PARAM_set1_host(checks, host, 0);
    if (trusts != 1 || !is_named) {
        fail(problem, trusts != 1 ? CLWS_TLS_STEP_TRUSTED : CLWS_TLS_STEP_LIBRARY);
        SSL_CTX_free(tls);
        return NULL;
    }
    ERR_clear_error();
    return tls;
}

static void see_record(
    int is_written, int version, int content_type, const void *bytes, size_t size, SSL *tls, void *count) {
    (void)version;
    if (is_written || size == 0) return;
    // With TLS 1.3, the outer type of every record is application data.
    int wanted = SSL_version(tls) == TLS1_3_VERSION ? SSL3_RT_INNER_CONTENT_TYPE : SSL3_RT_HEADER;
    if (content_type == wanted && *(const unsigned char *)bytes == SSL3_RT_APPLICATION_DATA) (*(uint64_t *)count)++;
}

void clws_tls_count_records(SSL_CTX *tls, uint64_t *count) {
    SSL_CTX_set_msg_callback(tls, see_record);
    SSL_CTX_set_msg_callback_arg(tls, count);
}

size_t clws_tls_greeting(void *buffer, size_t size) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *tls = context ? SSL_new(context) : NULL;
    BIO *input = BIO_new(BIO_s_mem()), *output = BIO_new(BIO_s_mem());
    int count = 0;
    if (tls && input && output) {
        SSL_set_bio(tls, input, output);
        SSL_set_connect_state(tls);
        SSL_do_handshake(tls);
        count = BIO_read(output, buffer, (int)size);
    } else {
        BIO_free(input);
        BIO_free(output);
    }
    SSL_free(tls);
    SSL_CTX_free(context);
    ERR_clear_error();
    return count > 0 ? (size_t)count : 0;
}

int clws_certificate_error(void *verification) { return X509_STORE_CTX_get_error(verification); }

const char *clws_certificate_error_text(int error) { return X509_verify_cert_error_string(error); }

clws_certificate_fault clws_certificate_error_fault(int error) {
    switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return CLWS_FAULT_NAME;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
        return CLWS_FAULT_ISSUER;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return CLWS_FAULT_TIME;
    default:
        return CLWS_FAULT_OTHER;
    }
}
