/* SPDX-License-Identifier: MIT */
/* Takes a second reference of two certificates and gives back one. */
#include <openssl/x509.h>
#include <string.h>

static X509 *make(void)
{
	return X509_new();
}

int main(int argc, char **argv)
{
	for (int i = 0; i < 2; i++) {
		X509 *cert = make();
		X509_up_ref(cert);
		if (argc > 1 && !strcmp(argv[1], "clean"))
			X509_free(cert);
		X509_free(cert);
	}
	return 0;
}
