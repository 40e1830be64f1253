/* What older compilers and C libraries lack; everything else includes this first where it needs it. */
#ifndef PAM_AGENT_COMPAT_H
#define PAM_AGENT_COMPAT_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define EXPORT __attribute__((visibility("default")))
#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
