/**
 * rc.h - what every pull-style call returns.
 *
 * Negative values are errors and are sticky: an object that failed once
 * returns the same code until it is initialised again.
 */
#ifndef MT_BASE_RC_H
#define MT_BASE_RC_H

#define MT_RC_ERRORS(X)                                \
    X(EPROTO, -1, "peer broke the protocol's grammar") \
    X(ELIMIT, -2, "input exceeds a limit of this tool")

enum mt_rc {
    MT_MORE = 0,  /* input used up: call again when more bytes arrive */
    MT_EVENT = 1, /* one event was stored: call again with the same input */
    MT_DONE = 2,  /* the message ended: the input holds what follows it */
#define X(name, value, text) MT_##name = (value),
    MT_RC_ERRORS(X)
#undef X
};

#endif
