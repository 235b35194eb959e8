/* SPDX-License-Identifier: MIT */
/* answer: error-path; in fingerprint; at the lines between the marks; build: openssl */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static int fingerprint(const char *data, size_t n, char *hex)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	int rc = -1;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (ctx == NULL)
		return -1;
	if (n == 0) {
#ifdef FAULT
		return 0; /* <<< >>> */
#else
		rc = 0;
		goto done;
#endif
	}
	if (EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
		goto done;
	if (EVP_DigestUpdate(ctx, data, n) != 1 || EVP_DigestFinal_ex(ctx, md, &len) != 1)
		goto done;
	for (unsigned i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", md[i]);
	rc = 1;
done:
	EVP_MD_CTX_free(ctx);
	return rc;
}

int main(void)
{
	static const char *const words[] = { "one", "", "three", "four", "" };
	char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
	int sum = 0;

	for (int round = 0; round < 8; round++)
		for (int i = 0; i < 5; i++)
			sum += fingerprint(words[i], strlen(words[i]), hex);
	printf("%.8s %d\n", hex, sum);
	return 0;
}
