#ifndef CLIBCURL_SHIM_H
#define CLIBCURL_SHIM_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <curl/curl.h>

// curl_easy_setopt and its like take whatever the option is made of: here each kind has its type.
static inline CURLcode ccurl_set_number(CURL *easy, CURLoption option, long value) { return curl_easy_setopt(easy, option, value); }

static inline CURLcode ccurl_set_size(CURL *easy, CURLoption option, curl_off_t value) { return curl_easy_setopt(easy, option, value); }

static inline CURLcode ccurl_set_text(CURL *easy, CURLoption option, const char *value) { return curl_easy_setopt(easy, option, value); }

static inline CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) { return curl_easy_setopt(easy, option, value); }

static inline CURLcode ccurl_set_data(CURL *easy, CURLoption option, void *value) { return curl_easy_setopt(easy, option, value); }

static inline CURLcode ccurl_set_writer(CURL *easy, CURLoption option, curl_write_callback value) { return curl_easy_setopt(easy, option, value); }

static inline CURLcode ccurl_set_reader(CURL *easy, curl_read_callback value) { return curl_easy_setopt(easy, CURLOPT_READFUNCTION, value); }

static inline CURLcode ccurl_set_socket_opener(CURL *easy, curl_opensocket_callback value) {
  return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, value);
}

static inline CURLcode ccurl_set_before_request(CURL *easy, curl_prereq_callback value) {
  return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, value);
}

static inline CURLMcode ccurl_set_shared_number(CURLM *multi, CURLMoption option, long value) { return curl_multi_setopt(multi, option, value); }

static inline long ccurl_number(CURL *easy, CURLINFO info) {
  long value = 0;
  return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

static inline CURLcode ccurl_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

// Macros with a cast.
static const size_t ccurl_abort_reading = CURL_READFUNC_ABORT;
static const size_t ccurl_pause_reading = CURL_READFUNC_PAUSE;

// A socket that programs which this one starts do not inherit, which libcurl's own are not in each version.
static inline curl_socket_t ccurl_open_socket(const struct curl_sockaddr *address) {
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// The address in numbers; 0 when it is of no kind that has any.
static inline int ccurl_write_address(const struct curl_sockaddr *address, char *text, unsigned size) {
  const void *number = NULL;
  if (address->family == AF_INET) number = &((const struct sockaddr_in *)&address->addr)->sin_addr;
  if (address->family == AF_INET6) number = &((const struct sockaddr_in6 *)&address->addr)->sin6_addr;
  return number != NULL && inet_ntop(address->family, number, text, size) != NULL;
}

#endif
