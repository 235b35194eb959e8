/* SPDX-License-Identifier: MIT */
/* answer: error-path; in packet_read; at the lines between the marks */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
typedef enum { ST_HEADER, ST_TOPIC, ST_PAYLOAD, ST_DONE, ST_ERROR } State;
typedef struct Packet { uint8_t type; char *topic; uint8_t *payload; uint16_t topicLen, payloadLen; } Packet;
typedef struct Cursor { const uint8_t *p, *end; } Cursor;
static bool takeU16(Cursor *c, uint16_t *out)
{
    if (c->end - c->p < 2)
        return false;
    *out = (uint16_t)(c->p[0] << 8 | c->p[1]);
    c->p += 2;
    return true;
}
static void packet_destroy(Packet *pkt)
{
    if (pkt == NULL)
        return;
    free(pkt->topic);
    free(pkt->payload);
    free(pkt);
}
static Packet *packet_read(Cursor *c)
{
    Packet *pkt = calloc(1, sizeof *pkt);
    State st = ST_HEADER;
    while (st != ST_DONE) {
        switch (st) {
        case ST_HEADER:
            if (c->p == c->end) {
                st = ST_ERROR;
                break;
            }
            pkt->type = *c->p++;
            st = ST_TOPIC;
            break;
        case ST_TOPIC:
            if (!takeU16(c, &pkt->topicLen) || c->end - c->p < pkt->topicLen) {
                st = ST_ERROR;
                break;
            }
            pkt->topic = malloc(pkt->topicLen + 1u);
            memcpy(pkt->topic, c->p, pkt->topicLen);
            pkt->topic[pkt->topicLen] = 0;
            c->p += pkt->topicLen;
            st = ST_PAYLOAD;
            break;
        case ST_PAYLOAD:
            if (!takeU16(c, &pkt->payloadLen)) {
                st = ST_ERROR;
                break;
            }
            if (pkt->payloadLen > 100) {
#ifndef FAULT
                packet_destroy(pkt);
#endif
                return NULL; /* <<< >>> */
            }
            pkt->payload = malloc(pkt->payloadLen + 1u);
            memcpy(pkt->payload, c->p, (size_t)(c->end - c->p) < pkt->payloadLen ? (size_t)(c->end - c->p) : pkt->payloadLen);
            st = ST_DONE;
            break;
        default:
            packet_destroy(pkt);
            return NULL;
        }
    }
    return pkt;
}
int main(void)
{
    static const uint8_t good[] = { 3, 0, 3, 'a', '/', 'b', 0, 2, 'h', 'i' }, big[] = { 3, 0, 1, 'x', 1, 0, 'y' }, cut[] = { 3, 0 };
    int n = 0;
    for (int i = 0; i < 45; i++) {
        Cursor c = i % 9 == 4 ? (Cursor){ big, big + sizeof big } : i % 9 == 7 ? (Cursor){ cut, cut + 2 } : (Cursor){ good, good + sizeof good };
        Packet *p = packet_read(&c);
        n += p && p->type == 3;
        packet_destroy(p);
    }
    printf("%d\n", n);
    return 0;
}
