/* OpenSSL in a heap: its hooks have the caller's file and line behind. Digests, keys, certificates, and their text. */

#define _POSIX_C_SOURCE 200809L
#include "live.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

REGION_HOOKS_AT(ssl, counted, &heap);

static void make_certificate(EVP_PKEY *key, size_t number)
{
    X509 *made = X509_new(), *again;
    BIO *text = BIO_new(BIO_s_mem());
    X509_NAME *name;
    CHECK(made != NULL && text != NULL && X509_set_version(made, 2));
    CHECK(ASN1_INTEGER_set(X509_get_serialNumber(made), (long)number));
    CHECK(X509_gmtime_adj(X509_getm_notBefore(made), 0) != NULL);
    CHECK(X509_gmtime_adj(X509_getm_notAfter(made), 3600) != NULL && X509_set_pubkey(made, key));
    name = X509_get_subject_name(made);
    CHECK(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"a name", -1, -1, 0));
    CHECK(X509_set_issuer_name(made, name) && X509_sign(made, key, EVP_sha256()) > 0);
    CHECK(PEM_write_bio_X509(text, made));
    again = PEM_read_bio_X509(text, NULL, NULL, NULL);
    CHECK(again != NULL && X509_cmp(made, again) == 0 && X509_verify(again, key) == 1);
    X509_free(again);
    X509_free(made);
    BIO_free(text);
}

static void work(size_t amount)
{
    for (size_t i = 0; i < amount; i++) {
        EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
        unsigned char bytes[4096], digest[EVP_MAX_MD_SIZE];
        unsigned int len;
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        CHECK(key != NULL && context != NULL);
        memset(bytes, (int)i, sizeof bytes);
        CHECK(EVP_DigestInit_ex(context, EVP_sha512(), NULL) && EVP_DigestUpdate(context, bytes, sizeof bytes));
        CHECK(EVP_DigestFinal_ex(context, digest, &len) && len == 64);
        EVP_MD_CTX_free(context);
        for (size_t n = 0; n < 3; n++)
            make_certificate(key, i * 3 + n);
        EVP_PKEY_free(key);
    }
}

int main(int argc, char **argv)
{
    if (IS_HEAP)
        CHECK(CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free));
    /* What it makes at its first use, such as tables of names and algorithms, it keeps until the process ends. */
    return measure(argc, argv, "openssl", work, 40, true);
}
