/* SPDX-License-Identifier: MIT */
#include <openssl/asn1t.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include "ways.h"

static EVP_PKEY *key(void) { static EVP_PKEY *k; if (!k) k = EVP_EC_gen("P-256"); EVP_PKEY_up_ref(k); return k; }
static X509 *cert(void)
{
	X509 *x = X509_new();
	EVP_PKEY *k = key();

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 99999);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (void *)"x", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, k);
	X509_sign(x, k, EVP_sha256());
	EVP_PKEY_free(k);
	return x;
}
WAY(x509_free) { X509 *x = cert(); END(X509_free(x)); }
WAY(x509_shared) { X509 *x = cert(); X509_up_ref(x); X509_free(x); END(X509_free(x)); }
WAY(x509_item_free) { X509 *x = cert(); END(ASN1_item_free((void *)x, ASN1_ITEM_rptr(X509))); }
WAY(x509_shared_item_free)
{
	X509 *x = cert(); X509_up_ref(x); X509_up_ref(x); ASN1_item_free((void *)x, ASN1_ITEM_rptr(X509));
	X509_free(x); END(ASN1_item_free((void *)x, ASN1_ITEM_rptr(X509)));
}
WAY(x509_in_stack)
{
	STACK_OF(X509) *s = sk_X509_new_null(); sk_X509_push(s, cert()); END(sk_X509_pop_free(s, X509_free));
}
WAY(x509_in_store)
{
	X509_STORE *s = X509_STORE_new(); X509 *x = cert(); X509_STORE_add_cert(s, x); X509_free(x);
	END(X509_STORE_free(s));
}
WAY(x509_der)
{
	X509 *x = cert(), *y; unsigned char *der = NULL; const unsigned char *p; int n = i2d_X509(x, &der);
	X509_free(x); p = der; y = d2i_X509(NULL, &p, n); OPENSSL_free(der); END(X509_free(y));
}
WAY(x509_der_into)
{
	X509 *x = cert(), *y = X509_new(); unsigned char *der = NULL; const unsigned char *p;
	int n = i2d_X509(x, &der); X509_free(x); p = der; d2i_X509(&y, &p, n); OPENSSL_free(der);
	END(X509_free(y));
}
WAY(x509_der_wrong)
{
	X509 *y = X509_new(); const unsigned char *p = (void *)"\x30\x03\x02\x01\x01"; d2i_X509(&y, &p, 5);
	END(X509_free(y));
}
WAY(x509_pem)
{
	BIO *b = BIO_new(BIO_s_mem()); X509 *x = cert(), *y; PEM_write_bio_X509(b, x); X509_free(x);
	y = PEM_read_bio_X509(b, NULL, NULL, NULL); BIO_free(b); END(X509_free(y));
}
WAY(x509_pem_info)
{
	BIO *b = BIO_new(BIO_s_mem()); X509 *x = cert(); STACK_OF(X509_INFO) *s; PEM_write_bio_X509(b, x);
	X509_free(x); s = PEM_X509_INFO_read_bio(b, NULL, NULL, NULL); BIO_free(b);
	END(sk_X509_INFO_pop_free(s, X509_INFO_free));
}
WAY(x509_pem_info_taken)
{
	BIO *b = BIO_new(BIO_s_mem()); X509 *x = cert(); STACK_OF(X509_INFO) *s; X509_INFO *i;
	PEM_write_bio_X509(b, x); X509_free(x); s = PEM_X509_INFO_read_bio(b, NULL, NULL, NULL); BIO_free(b);
	i = sk_X509_INFO_value(s, 0); x = i->x509; i->x509 = NULL; sk_X509_INFO_pop_free(s, X509_INFO_free);
	END(X509_free(x));
}
WAY(x509_dup) { X509 *x = cert(), *y = X509_dup(x); X509_free(x); END(X509_free(y)); }
WAY(x509_in_pkcs7)
{
	X509 *x = cert(); PKCS7 *p = PKCS7_new(); PKCS7_set_type(p, NID_pkcs7_signed);
	PKCS7_content_new(p, NID_pkcs7_data); PKCS7_add_certificate(p, x); X509_free(x); END(PKCS7_free(p));
}
WAY(x509_out_of_pkcs7)
{
	X509 *x = cert(); PKCS7 *p = PKCS7_new(), *q; unsigned char *der = NULL; const unsigned char *at; int n;
	PKCS7_set_type(p, NID_pkcs7_signed); PKCS7_content_new(p, NID_pkcs7_data); PKCS7_add_certificate(p, x);
	X509_free(x); n = i2d_PKCS7(p, &der); PKCS7_free(p); at = der; q = d2i_PKCS7(NULL, &at, n);
	OPENSSL_free(der); x = sk_X509_pop(q->d.sign->cert); PKCS7_free(q); END(X509_free(x));
}
WAY(x509_in_pkcs12)
{
	EVP_PKEY *k = key(), *l = NULL; X509 *x = cert(), *y = NULL;
	PKCS12 *p = PKCS12_create("p", "n", k, x, NULL, 0, 0, 1, 1, 0); STACK_OF(X509) *ca = NULL; X509_free(x);
	EVP_PKEY_free(k); PKCS12_parse(p, "p", &l, &y, &ca); PKCS12_free(p); EVP_PKEY_free(l);
	sk_X509_pop_free(ca, X509_free); END(X509_free(y));
}
WAY(x509_in_store_ctx)
{
	X509_STORE *s = X509_STORE_new(); X509 *x = cert(); X509_STORE_CTX *c = X509_STORE_CTX_new();
	STACK_OF(X509) *chain; X509_STORE_add_cert(s, x); X509_STORE_CTX_init(c, s, x, NULL); X509_verify_cert(c);
	chain = X509_STORE_CTX_get1_chain(c); sk_X509_pop_free(chain, X509_free); X509_STORE_CTX_free(c);
	X509_STORE_free(s); END(X509_free(x));
}
WAY(crl_free) { X509_CRL *c = X509_CRL_new(); END(X509_CRL_free(c)); }
WAY(crl_item_free)
{
	X509_CRL *c = X509_CRL_new(); X509_CRL_up_ref(c); X509_CRL_free(c);
	END(ASN1_item_free((void *)c, ASN1_ITEM_rptr(X509_CRL)));
}
WAY(store_of_context)
{
	SSL_CTX *c = SSL_CTX_new(TLS_method()); X509_STORE *s = X509_STORE_new();
	if (!forget) SSL_CTX_set_cert_store(c, s); SSL_CTX_free(c);
}
WAY(store_ctx_store)
{
	X509_STORE *s = X509_STORE_new(); X509_STORE_up_ref(s); X509_STORE_free(s); END(X509_STORE_free(s));
}

WAY(pkey_free) { EVP_PKEY *k = EVP_PKEY_new(); END(EVP_PKEY_free(k)); }
WAY(pkey_generated) { EVP_PKEY *k = EVP_EC_gen("P-256"); END(EVP_PKEY_free(k)); }
WAY(pkey_assigned)
{
	EVP_PKEY *k = EVP_PKEY_new(); EVP_PKEY_assign_EC_KEY(k, EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
	END(EVP_PKEY_free(k));
}
WAY(pkey_set1)
{
	EVP_PKEY *k = EVP_PKEY_new(); EC_KEY *e = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	EVP_PKEY_set1_EC_KEY(k, e); EVP_PKEY_free(k); END(EC_KEY_free(e));
}
WAY(pkey_assign_failed)
{
	EVP_PKEY *k = EVP_PKEY_new(); RSA *r = RSA_new();
	if (!EVP_PKEY_assign(NULL, EVP_PKEY_RSA, r)) EVP_PKEY_free(k); END(RSA_free(r));
}
WAY(pkey_of_ctx)
{
	EVP_PKEY *k = NULL; EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_X25519, NULL); EVP_PKEY_keygen_init(c);
	EVP_PKEY_keygen(c, &k); EVP_PKEY_CTX_free(c); END(EVP_PKEY_free(k));
}
WAY(pkey_in_cert) { X509 *x = cert(); EVP_PKEY *k = X509_get_pubkey(x); X509_free(x); END(EVP_PKEY_free(k)); }
WAY(pkey_ctx) { EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_X25519, NULL); END(EVP_PKEY_CTX_free(c)); }
WAY(pkey_ctx_of_digest)
{
	EVP_MD_CTX *m = EVP_MD_CTX_new(); EVP_PKEY *k = key(); EVP_DigestSignInit(m, NULL, EVP_sha256(), NULL, k);
	EVP_PKEY_free(k); END(EVP_MD_CTX_free(m));
}
WAY(pkey_ctx_set_in_digest)
{
	EVP_MD_CTX *m = EVP_MD_CTX_new(); EVP_PKEY *k = key(); EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(k, NULL);
	EVP_MD_CTX_set_pkey_ctx(m, c); EVP_PKEY_free(k); EVP_MD_CTX_free(m); END(EVP_PKEY_CTX_free(c));
}
WAY(md_ctx)
{
	EVP_MD_CTX *m = EVP_MD_CTX_new(), *n = EVP_MD_CTX_new(); EVP_DigestInit(m, EVP_sha256());
	EVP_MD_CTX_copy(n, m); EVP_MD_CTX_free(n); EVP_MD_CTX_reset(m); END(EVP_MD_CTX_free(m));
}
WAY(md_ctx_of_bio) { BIO *b = BIO_new(BIO_f_md()); BIO_set_md(b, EVP_sha256()); END(BIO_free(b)); }
WAY(cipher_ctx) { EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new(); EVP_CIPHER_CTX_reset(c); END(EVP_CIPHER_CTX_free(c)); }

WAY(bio_free) { BIO *b = BIO_new(BIO_s_mem()); END(BIO_free(b)); }
WAY(bio_vfree) { BIO *b = BIO_new(BIO_s_mem()); END(BIO_vfree(b)); }
WAY(bio_free_all)
{
	BIO *b = BIO_push(BIO_new(BIO_f_base64()), BIO_push(BIO_new(BIO_f_buffer()), BIO_new(BIO_s_mem())));
	END(BIO_free_all(b));
}
WAY(bio_popped)
{
	BIO *f = BIO_new(BIO_f_base64()), *b = BIO_push(f, BIO_new(BIO_s_mem())), *m = BIO_pop(b); BIO_free(f);
	END(BIO_free(m));
}
WAY(bio_shared_all)
{
	BIO *m = BIO_new(BIO_s_mem()), *f = BIO_push(BIO_new(BIO_f_base64()), m); BIO_up_ref(m); BIO_free_all(f);
	END(BIO_free(m));
}
WAY(bio_pair) { BIO *a, *b; BIO_new_bio_pair(&a, 0, &b, 0); BIO_free(a); END(BIO_free(b)); }
WAY(bio_dup) { BIO *b = BIO_new(BIO_s_mem()), *c = BIO_dup_chain(b); BIO_free(b); END(BIO_free_all(c)); }
WAY(bio_of_ssl)
{
	SSL_CTX *c = SSL_CTX_new(TLS_method()); SSL *s = SSL_new(c); BIO *b = BIO_new(BIO_s_mem());
	SSL_set_bio(s, b, b); SSL_CTX_free(c); END(SSL_free(s));
}
WAY(bio_of_ssl_two)
{
	SSL_CTX *c = SSL_CTX_new(TLS_method()); SSL *s = SSL_new(c);
	SSL_set_bio(s, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_bio(s, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem())); SSL_CTX_free(c); END(SSL_free(s));
}
WAY(bio_of_ssl_set0)
{
	SSL_CTX *c = SSL_CTX_new(TLS_method()); SSL *s = SSL_new(c); SSL_set0_rbio(s, BIO_new(BIO_s_mem()));
	SSL_CTX_free(c); END(SSL_free(s));
}
WAY(ssl_of_bio)
{
	SSL_CTX *c = SSL_CTX_new(TLS_method()); BIO *b = BIO_new_ssl(c, 1); SSL_CTX_free(c); END(BIO_free_all(b));
}
WAY(ssl_set_in_bio)
{
	SSL_CTX *c = SSL_CTX_new(TLS_method()); SSL *s = SSL_new(c); BIO *b = BIO_new(BIO_f_ssl());
	BIO_set_ssl(b, s, BIO_CLOSE); SSL_CTX_free(c); END(BIO_free(b));
}
WAY(ssl_free) { SSL_CTX *c = SSL_CTX_new(TLS_method()); SSL *s = SSL_new(c); SSL_CTX_free(c); END(SSL_free(s)); }
WAY(ssl_dup)
{
	SSL_CTX *c = SSL_CTX_new(TLS_method()); SSL *s = SSL_new(c), *d = SSL_dup(s); SSL_free(s);
	SSL_CTX_free(c); END(SSL_free(d));
}
WAY(ssl_ctx) { SSL_CTX *c = SSL_CTX_new(TLS_method()); SSL_CTX_up_ref(c); SSL_CTX_free(c); END(SSL_CTX_free(c)); }
WAY(ssl_ctx_cert)
{
	SSL_CTX *c = SSL_CTX_new(TLS_method()); X509 *x = cert(); EVP_PKEY *k = key();
	SSL_CTX_use_certificate(c, x); SSL_CTX_use_PrivateKey(c, k); SSL_CTX_add_extra_chain_cert(c, cert());
	X509_free(x); EVP_PKEY_free(k); END(SSL_CTX_free(c));
}
WAY(session)
{
	SSL_SESSION *s = SSL_SESSION_new(); SSL_SESSION_up_ref(s); SSL_SESSION_free(s); END(SSL_SESSION_free(s));
}
static SSL *shaken(SSL_SESSION **session)
{
	SSL_CTX *c = SSL_CTX_new(TLS_method());
	X509 *x = cert();
	EVP_PKEY *k = key();
	SSL *a, *b;
	BIO *p, *q;

	SSL_CTX_use_certificate(c, x);
	SSL_CTX_use_PrivateKey(c, k);
	X509_free(x);
	EVP_PKEY_free(k);
	a = SSL_new(c), b = SSL_new(c);
	SSL_CTX_free(c);
	BIO_new_bio_pair(&p, 0, &q, 0);
	SSL_set_bio(a, p, p);
	SSL_set_bio(b, q, q);
	SSL_set_connect_state(a);
	SSL_set_accept_state(b);
	for (int i = 0; i < 9; i++)
		SSL_do_handshake(a), SSL_do_handshake(b);
	*session = SSL_get1_session(a);
	SSL_free(b);
	return a;
}
WAY(session_of_handshake) { SSL_SESSION *n; SSL *s = shaken(&n); SSL_free(s); END(SSL_SESSION_free(n)); }
WAY(peer_certificate)
{
	SSL_SESSION *n; SSL *s = shaken(&n); X509 *x = SSL_get1_peer_certificate(s); SSL_free(s);
	SSL_SESSION_free(n); END(X509_free(x));
}

WAY(bn_free) { BIGNUM *b = BN_new(); END(BN_free(b)); }
WAY(bn_clear_free) { BIGNUM *b = BN_new(); END(BN_clear_free(b)); }
WAY(bn_secure) { BIGNUM *b = BN_secure_new(); END(BN_clear_free(b)); }
WAY(bn_hex) { BIGNUM *b = NULL; BN_hex2bn(&b, "1234"); END(BN_free(b)); }
WAY(bn_dup) { BIGNUM *b = BN_bin2bn((void *)"xy", 2, NULL), *c = BN_dup(b); BN_free(b); END(BN_free(c)); }
WAY(bn_ctx)
{
	BN_CTX *c = BN_CTX_new(); BN_CTX_start(c); BN_set_word(BN_CTX_get(c), 9); BN_CTX_end(c);
	END(BN_CTX_free(c));
}
WAY(bn_of_rsa)
{
	RSA *r = RSA_new();
	RSA_set0_key(r, BN_bin2bn((void *)"xy", 2, NULL), BN_bin2bn((void *)"x", 1, NULL), NULL);
	END(RSA_free(r));
}
WAY(ec_key)
{
	EC_KEY *e = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1); EC_KEY_up_ref(e); EC_KEY_free(e);
	END(EC_KEY_free(e));
}
WAY(dh)
{
	DH *d = DH_new(); DH_set0_pqg(d, BN_bin2bn((void *)"xy", 2, NULL), NULL, BN_bin2bn((void *)"x", 1, NULL));
	END(DH_free(d));
}
WAY(rsa_of_pkey)
{
	EVP_PKEY *k = EVP_PKEY_new(); RSA *r = RSA_new();
	RSA_set0_key(r, BN_bin2bn((void *)"xy", 2, NULL), BN_bin2bn((void *)"x", 1, NULL), NULL);
	EVP_PKEY_assign_RSA(k, r); r = EVP_PKEY_get1_RSA(k); EVP_PKEY_free(k); END(RSA_free(r));
}

int main(int n, char **words)
{
	return go_all_ways(n, words);
}
