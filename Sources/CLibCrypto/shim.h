#ifndef CLIBCRYPTO_SHIM_H
#define CLIBCRYPTO_SHIM_H

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

// Parameters are arrays that end in a mark, each element made by a function of its type: here they have names.

// Begins a code with a key.
static inline int ccrypto_mac_begin(EVP_MAC_CTX *context, const char *digest, const void *key, size_t count) {
  OSSL_PARAM parameters[] = {
    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)digest, 0),
    OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_init(context, (const unsigned char *)key, count, parameters);
}

// Begins anew with the key of before.
static inline int ccrypto_mac_begin_anew(EVP_MAC_CTX *context) { return EVP_MAC_init(context, NULL, 0, NULL); }

// Extracts and expands; what has no bytes is left out.
static inline int ccrypto_hkdf(
  EVP_KDF_CTX *context, const char *digest, const void *key, size_t key_count, const void *salt, size_t salt_count, const void *info,
  size_t info_count, void *output, size_t output_count) {
  OSSL_PARAM parameters[5];
  size_t used = 0;
  parameters[used++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)digest, 0);
  parameters[used++] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key, key_count);
  if (salt_count > 0) parameters[used++] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, salt_count);
  if (info_count > 0) parameters[used++] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, info_count);
  parameters[used] = OSSL_PARAM_construct_end();
  return EVP_KDF_derive(context, (unsigned char *)output, output_count, parameters);
}

// With a password of bytes.
static inline int ccrypto_pbkdf2(
  const void *password, int password_count, const void *salt, int salt_count, int iterations, const EVP_MD *digest, void *output, int output_count) {
  return PKCS5_PBKDF2_HMAC(
    password_count > 0 ? (const char *)password : "", password_count, (const unsigned char *)salt, salt_count, iterations, digest, output_count,
    (unsigned char *)output);
}

// Macros and a function of variable arguments.
static inline EVP_PKEY *ccrypto_rsa_generate(size_t bits) { return EVP_RSA_gen(bits); }

static inline long ccrypto_bio_contents(BIO *bio, char **contents) { return BIO_get_mem_data(bio, contents); }

#endif
