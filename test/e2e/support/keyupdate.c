/* A TLS 1.3 client that floods KeyUpdate(update_requested) while it reads nothing, then reads all
 * and asks once more.
 *
 *   keyupdate HOST PORT TOKEN
 *
 * Prints `stuck BYTES` when the server takes no more (BYTES of ours were sent), waits for a line on
 * stdin, then reads and prints the status line of the answer. Exit 1 with a reason on stderr when a
 * record does not decrypt or the server does not stop taking.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SENT_BYTES_MAX (64L * 1024 * 1024)

static int sock;
static SSL *ssl;
static BIO *in, *out; /* what comes from the socket, what goes to it */

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, ERR_reason_error_string(ERR_peek_error()));
  exit(1);
}

/* Sends what OpenSSL has to say; gives the bytes, or -1 when the socket takes none for `wait_ms`. */
static long send_pending(int wait_ms) {
  char *bytes;
  long size = BIO_get_mem_data(out, &bytes);
  long done = 0;
  while (done < size) {
    ssize_t sent = send(sock, bytes + done, (size_t)(size - done), MSG_NOSIGNAL);
    if (sent > 0) {
      done += sent;
      continue;
    }
    if (errno != EAGAIN) fail("send");
    struct pollfd ready = {sock, POLLOUT, 0};
    if (poll(&ready, 1, wait_ms) == 0) break;
  }
  /* What was not sent stays for later, in order. */
  char *rest = malloc((size_t)(size - done) + 1);
  memcpy(rest, bytes + done, (size_t)(size - done));
  (void)BIO_reset(out);
  BIO_write(out, rest, (int)(size - done));
  free(rest);
  return done < size ? -1 : done;
}

/* Waits for bytes and hands them to OpenSSL; 0 at the end of the connection. */
static int take(void) {
  char bytes[4096];
  struct pollfd ready = {sock, POLLIN, 0};
  if (poll(&ready, 1, 10000) <= 0) fail("the server is silent");
  ssize_t got = recv(sock, bytes, sizeof bytes, 0);
  if (got <= 0) return 0;
  BIO_write(in, bytes, (int)got);
  return 1;
}

static void connect_to(const char *host, const char *port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
  int small = 2304;
  inet_pton(AF_INET, host, &to.sin_addr);
  sock = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  if (connect(sock, (struct sockaddr *)&to, sizeof to) != 0) fail("connect");
  fcntl(sock, F_SETFL, O_NONBLOCK);
}

static void shake_hands(void) {
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  ssl = SSL_new(context);
  in = BIO_new(BIO_s_mem());
  out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl, in, out);
  SSL_set_connect_state(ssl);
  int done;
  while ((done = SSL_do_handshake(ssl)) != 1) {
    if (SSL_get_error(ssl, done) != SSL_ERROR_WANT_READ) fail("handshake");
    if (send_pending(1000) < 0) fail("the server takes no handshake");
    if (!take()) fail("the server ended the handshake");
  }
  if (send_pending(1000) < 0) fail("the server takes no handshake");
}

static long flood(void) {
  long sent = 0;
  while (sent < SENT_BYTES_MAX) {
    for (int i = 0; i < 100; i++) {
      if (SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) != 1 || SSL_do_handshake(ssl) != 1) {
        fail("key update");
      }
    }
    long bytes = send_pending(1000);
    if (bytes < 0) return sent;
    sent += bytes;
  }
  fail("the server takes without end");
  return 0;
}

/* Reads on until the header block of an answer is there. Every KeyUpdate of the server is decrypted
 * on the way. */
static void read_answer(char *answer, size_t size) {
  size_t used = 0;
  while (!memmem(answer, used, "\r\n\r\n", 4)) {
    size_t got = 0;
    int done = SSL_read_ex(ssl, answer + used, size - 1 - used, &got);
    used += got;
    if (done == 1) continue;
    if (SSL_get_error(ssl, done) != SSL_ERROR_WANT_READ) fail("a record that does not decrypt");
    (void)send_pending(0); /* reading comes first: it is what lets the server go on */
    if (!take()) fail("the server closed");
  }
  answer[used] = '\0';
}

/* Asks for the bundle; `answer` is the status line. */
static void ask(const char *token, char *answer, size_t size) {
  char request[8192];
  size_t written;
  snprintf(request, sizeof request,
           "HEAD / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n\r\n", token);
  if (SSL_write_ex(ssl, request, strlen(request), &written) != 1) fail("write");
  (void)send_pending(0);
  read_answer(answer, size);
  *strchr(answer, '\r') = '\0';
}

int main(int argc, char **argv) {
  static char answer[65536], line[16];
  if (argc != 4) return 2;
  connect_to(argv[1], argv[2]);
  shake_hands();
  ask(argv[3], answer, sizeof answer); /* from now on it may be idle for a while */
  printf("stuck %ld\n", flood());
  fflush(stdout);
  if (!fgets(line, sizeof line, stdin)) return 2;
  ask(argv[3], answer, sizeof answer);
  puts(answer);
  return 0;
}
