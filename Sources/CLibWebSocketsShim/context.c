#include "loop.h"
#include "tls.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct clws_context {
    struct lws_context *native;
    struct lws_vhost *host;
    char *subprotocol;
    bool uses_tls;
    SSL_CTX *client_tls;
    // Owned by libwebsockets.
    SSL_CTX *server_tls;
    uint64_t application_record_count;
    struct lws_protocols protocols[2];
    lws_retry_bo_t retry;
    void *loops[1];
};

static _Atomic(clws_log_handler) log_handler;

// Set while a connection is handed over with its head: libwebsockets 4.1 logs that as if it were an error.
static _Thread_local bool is_adopting;

static void emit_log(int level, const char *line) {
    if (is_adopting && (strstr(line, "calling service") || strstr(line, "deferring handling ah"))) return;
    clws_log_handler handler = atomic_load(&log_handler);
    if (handler) handler(level, line);
}

void clws_set_log_handler(clws_log_handler handler) { atomic_store(&log_handler, handler); }

// Creating a context changes per-process state: the log level, the disposition of SIGPIPE, the plug-in.
static pthread_mutex_t creation_lock = PTHREAD_MUTEX_INITIALIZER;

// Set while a context is made, inside the lock: libwebsockets asks for the server's certificate without naming the
// context.
static const clws_settings *identity_wanted;
static clws_tls_problem *identity_problem;
static SSL_CTX *identity_owner;
// The owners' callback: the same function for all contexts.
static _Atomic(clws_callback) owner_callback;

static int handle_callback(
    struct lws *connection, enum lws_callback_reasons reason, void *user, void *in, size_t length) {
    if (reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS) {
        const clws_settings *wanted = identity_wanted;
        identity_owner = user;
        return clws_tls_load_identity(user, wanted->certificate_file, wanted->key_file, identity_problem) ? 0 : -1;
    }
    return atomic_load_explicit(&owner_callback, memory_order_relaxed)(connection, reason, user, in, length);
}

// For each context with TLS, libwebsockets takes a new number for its data in OpenSSL's objects, for the whole process:
// connections of earlier contexts are no longer found, and OpenSSL never frees a number. So the context has no TLS and
// only its single vhost has; the number stays 0, which OpenSSL reserves for the application.
static struct lws_context *create_with_tls(
    struct lws_context_creation_info *info, const clws_settings *settings, clws_tls_problem *problem) {
    info->options |= LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
    struct lws_context *native = lws_create_context(info);
    if (!native) return NULL;
    info->options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    if (settings->tls == CLWS_TLS_SERVER) info->options |= LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX;
    identity_wanted = settings;
    identity_problem = problem;
    bool has_host = lws_create_vhost(native, info) != NULL;
    identity_wanted = NULL;
    identity_problem = NULL;
    if (has_host) return native;
    lws_context_destroy(native);
    return NULL;
}

static void free_context(clws_context *context) {
    if (context->client_tls) SSL_CTX_free(context->client_tls);
    free(context->subprotocol);
    free(context);
}

clws_context *clws_context_create(
    const clws_settings *settings, clws_loop *loop, clws_callback callback, void *owner, clws_tls_problem *problem) {
    clws_context *context = calloc(1, sizeof *context);
    if (!context) return NULL;
    context->subprotocol = strdup(settings->subprotocol);
    context->protocols[0].name = context->subprotocol;
    atomic_store(&owner_callback, callback);
    context->protocols[0].callback = handle_callback;
    // Without per-session data, libwebsockets does not send LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL.
    context->protocols[0].per_session_data_size = 1;
    context->protocols[0].rx_buffer_size = settings->receive_buffer_size;
    context->protocols[0].tx_packet_size = settings->transmit_size;
    context->retry.secs_since_valid_ping = settings->ping_seconds;
    context->retry.secs_since_valid_hangup = settings->hang_up_seconds;
    context->loops[0] = loop->native;

    struct lws_context_creation_info info = {0};
    info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
    info.protocols = context->protocols;
    // Not VALIDATE_UTF8: it cuts the connection without a close frame. Text messages are refused without a check, and
    // the text of a peer's close reason is checked by the caller.
    info.options = LWS_SERVER_OPTION_LIBEV;
    info.foreign_loops = context->loops;
    info.user = owner;
    info.uid = (uid_t)-1;
    info.gid = (gid_t)-1;
    info.pt_serv_buf_size = (unsigned)settings->receive_buffer_size;
    info.max_http_header_data2 = settings->head_size;
    info.timeout_secs = settings->handshake_seconds_max;
    info.connect_timeout_secs = settings->handshake_seconds_max;
    info.retry_and_idle_policy = &context->retry;
    // Port 0 means "no proxy"; otherwise http_proxy in the environment would redirect even connections to this machine.
    info.http_proxy_address = "none:0";
    if (settings->tls != CLWS_TLS_NONE) {
        // libwebsockets always makes a client TLS context; if given one, it does not read the system's certificates for
        // a server.
        bool is_client = settings->tls == CLWS_TLS_CLIENT;
        context->client_tls = clws_tls_create_client(
            is_client ? settings->host : NULL, settings->trusted_certificate_file, problem);
        if (!context->client_tls) {
            free_context(context);
            return NULL;
        }
        context->uses_tls = is_client;
        if (is_client) clws_tls_count_records(context->client_tls, &context->application_record_count);
        info.provided_client_ssl_ctx = context->client_tls;
        info.alpn = "http/1.1";
    }

    pthread_mutex_lock(&creation_lock);
    lws_set_log_level(LLL_ERR, emit_log);
    struct sigaction pipe_action;
    bool saved = sigaction(SIGPIPE, NULL, &pipe_action) == 0;
    context->native = settings->tls == CLWS_TLS_NONE
        ? lws_create_context(&info)
        : create_with_tls(&info, settings, problem);
    context->server_tls = identity_owner;
    identity_owner = NULL;
    // libwebsockets ignores SIGPIPE for the whole process. It does not need that, because it sends with MSG_NOSIGNAL;
    // the application decides about SIGPIPE.
    if (saved) sigaction(SIGPIPE, &pipe_action, NULL);
    pthread_mutex_unlock(&creation_lock);

    if (!context->native) {
        free_context(context);
        return NULL;
    }
    context->host = lws_get_vhost_by_name(context->native, "default");
    return context;
}

void clws_context_destroy(clws_context *context) {
    lws_context_destroy(context->native);
    free_context(context);
}

uint64_t clws_application_record_count(clws_context *context) { return context->application_record_count; }

bool clws_context_renew_identity(
    clws_context *context, const char *certificate_file, const char *key_file, clws_tls_problem *problem) {
    return context->server_tls && clws_tls_renew_identity(context->server_tls, certificate_file, key_file, problem);
}

void *clws_owner(struct lws *connection) { return lws_context_user(lws_get_context(connection)); }

void clws_context_poke(clws_context *context) { lws_cancel_service(context->native); }

bool clws_has_buffered_input(clws_context *context) {
    // How long the loop may sleep: 0 if there is work to do without an event.
    return lws_service_adjust_timeout(context->native, 1, 0) == 0;
}

struct lws *clws_adopt(clws_context *context, int descriptor, void *handle) {
    lws_adopt_desc_t description = {0};
    description.vh = context->host;
    description.type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | LWS_ADOPT_ALLOW_SSL;
    description.fd.sockfd = descriptor;
    description.opaque = handle;
    return lws_adopt_descriptor_vhost_via_info(&description);
}

struct lws *clws_adopt_upgrade(clws_context *context, int descriptor, const char *head, size_t length) {
    is_adopting = true;
    struct lws *connection = lws_adopt_socket_vhost_readbuf(context->host, descriptor, head, length);
    is_adopting = false;
    return connection;
}

struct lws *clws_connect(
    clws_context *context, const char *address, int port, const char *host_header, const char *path, void *handle) {
    struct lws_client_connect_info info = {0};
    info.context = context->native;
    info.vhost = context->host;
    info.address = address;
    info.port = port;
    info.path = path;
    info.host = host_header;
    info.protocol = context->subprotocol;
    info.local_protocol_name = context->subprotocol;
    info.ietf_version_or_minus_one = -1;
    info.ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT;
    // The context's own parameters check the name, because they also support IPv6 addresses.
    if (context->uses_tls) info.ssl_connection |= LCCSCF_USE_SSL | LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK;
    info.alpn = "http/1.1";
    info.retry_and_idle_policy = &context->retry;
    info.opaque_user_data = handle;
    return lws_client_connect_via_info(&info);
}

void clws_set_reading(clws_context *context, struct lws *connection, bool is_reading) {
    int change = is_reading ? LWS_RXFLOW_REASON_APPLIES_ENABLE : LWS_RXFLOW_REASON_APPLIES_DISABLE;
    lws_rx_flow_control(connection, change | LWS_RXFLOW_REASON_USER_BOOL | LWS_RXFLOW_REASON_FLAG_PROCESS_NOW);
    // Without an event, libwebsockets does not process its buffered input.
    if (is_reading) lws_cancel_service(context->native);
}

void clws_kill(clws_context *context, struct lws *connection) {
    lws_set_timeout(connection, PENDING_TIMEOUT_CLOSE_SEND, LWS_TO_KILL_ASYNC);
    // Under libev, the timer for this is not armed outside libwebsockets' own callbacks.
    lws_cancel_service(context->native);
}

int clws_write_http(struct lws *connection, const void *bytes, size_t length) {
    unsigned char *buffer = malloc(LWS_PRE + length);
    if (!buffer) return -1;
    memcpy(buffer + LWS_PRE, bytes, length);
    int written = lws_write(connection, buffer + LWS_PRE, length, LWS_WRITE_HTTP);
    free(buffer);
    return written;
}

bool clws_append_authorization(
    struct lws *connection, const char *value, size_t length, unsigned char **position, unsigned char *end) {
    return lws_add_http_header_by_token(
               connection, WSI_TOKEN_HTTP_AUTHORIZATION, (const unsigned char *)value, (int)length, position, end)
        == 0;
}
