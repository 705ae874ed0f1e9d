/**
 * interfaces.h - the network interfaces of this machine.
 *
 *     struct mt_interfaces list;
 *     if (mt_interfaces_list(&list) == 0)
 *         for (size_t i = 0; i < list.count; i++)
 *             show(&list.rows[i]);
 *     mt_interfaces_deinit(&list);
 *
 * Those that packets of TCP may come from, and "any". Needs no privilege.
 */
#ifndef MT_CAPTURE_INTERFACES_H
#define MT_CAPTURE_INTERFACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MT_INTERFACE_NAME_BYTES = 32,
    MT_INTERFACE_TEXT_BYTES = 128,
    MT_INTERFACE_ADDRESSES_BYTES = 512,
};

struct mt_interface {
    char name[MT_INTERFACE_NAME_BYTES];
    const char *state; /* "up", "down", "no carrier"; static */
    bool up;
    uint16_t link_type; /* LINKTYPE_ number; see link.h */
    char addresses[MT_INTERFACE_ADDRESSES_BYTES]; /* "10.0.0.1 fe80::1" */
    char description[MT_INTERFACE_TEXT_BYTES];
};

struct mt_interfaces {
    struct mt_interface *rows;
    size_t count;
};

/* 0, or a negative errno; *out can be deinitialised in both cases. */
int mt_interfaces_list(struct mt_interfaces *out);
void mt_interfaces_deinit(struct mt_interfaces *list);

#endif
