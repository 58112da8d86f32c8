#ifndef CLIBLDAP_SHIM_H
#define CLIBLDAP_SHIM_H

#include <sys/time.h>

#include <lber.h>
#include <ldap.h>
// ldap_init_fd, which takes a socket that is connected already, is declared here.
#include <openldap.h>

// Tags of messages, which are macros with a cast in ldap.h.
enum {
  CLDAP_ENTRY = 0x64,
  CLDAP_SEARCH_RESULT = 0x65,
  CLDAP_REFERENCE = 0x73
};

// ldap_set_option takes a pointer to whatever the option is made of: here each kind has its type.
static inline int cldap_set_number(LDAP *ld, int option, int value) { return ldap_set_option(ld, option, &value); }

static inline int cldap_set_text(LDAP *ld, int option, const char *value) { return ldap_set_option(ld, option, value); }

static inline int cldap_set_time(LDAP *ld, int option, long seconds, long microseconds) {
  struct timeval value = {seconds, microseconds};
  return ldap_set_option(ld, option, &value);
}

// LDAP_OPT_OFF is a null pointer.
static inline int cldap_turn_off(LDAP *ld, int option) { return ldap_set_option(ld, option, LDAP_OPT_OFF); }

// How large one message of the server may be. Without a limit the library allocates whatever length a message claims to have.
static inline int cldap_limit_incoming(LDAP *ld, unsigned long bytes) {
  Sockbuf *buffer = NULL;
  ber_len_t limit = bytes;
  if (ldap_get_option(ld, LDAP_OPT_SOCKBUF, &buffer) != LDAP_OPT_SUCCESS || buffer == NULL) return -1;
  return ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &limit) == 1 ? 0 : -1;
}

#endif
