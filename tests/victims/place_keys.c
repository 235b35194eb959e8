/* SPDX-License-Identifier: MIT */
/* Makes, writes, reads and uses keys on elliptic curves. OpenSSL clears numbers that lie in its larger blocks by BN_clear_free. */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

static void moduli(void)
{
	BN_CTX *context = BN_CTX_new();
	BIGNUM *m = BN_new(), *a = BN_new(), *power = BN_new();
	BN_rand(m, 512, 0, 1), BN_rand(a, 500, 0, 0);
	BN_mod_exp(power, a, a, m, context);
	BN_MONT_CTX *mont = BN_MONT_CTX_new();
	BN_MONT_CTX_set(mont, m, context), BN_MONT_CTX_free(mont);
	BN_free(power), BN_clear_free(a), BN_free(m), BN_CTX_free(context);
}

int main(void)
{
	for (int i = 0; i < 20; i++) {
		EVP_PKEY *key = EVP_EC_gen(i % 2 ? "P-384" : "P-256"), *read;
		BIO *text = BIO_new(BIO_s_mem());
		EVP_MD_CTX *sign = EVP_MD_CTX_new();
		unsigned char signature[200];
		size_t size = sizeof signature;
		if (PEM_write_bio_PUBKEY(text, key) != 1 || !(read = PEM_read_bio_PUBKEY(text, 0, 0, 0))) return 1;
		EVP_DigestSignInit(sign, 0, EVP_sha256(), 0, key);
		if (EVP_DigestSign(sign, signature, &size, (void *)"hello", 5) != 1) return 2;
		EVP_MD_CTX_free(sign), EVP_PKEY_free(read), EVP_PKEY_free(key), BIO_free(text);
		EC_GROUP_free(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
		moduli();
	}
	return 0;
}
