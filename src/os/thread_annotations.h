// Clang's thread safety analysis: which mutex guards what. Nothing under other compilers.
#pragma once

#if defined(__clang__)
#define MNEME_ANNOTATE(x) __attribute__((x))
#else
#define MNEME_ANNOTATE(x)
#endif

#define CAPABILITY(name) MNEME_ANNOTATE(capability(name))
#define SCOPED_CAPABILITY MNEME_ANNOTATE(scoped_lockable)
#define GUARDED_BY(mutex) MNEME_ANNOTATE(guarded_by(mutex))
#define LOCK_HELD(...) MNEME_ANNOTATE(requires_capability(__VA_ARGS__))
#define LOCK_NOT_HELD(...) MNEME_ANNOTATE(locks_excluded(__VA_ARGS__))
#define LOCK_ACQUIRE(...) MNEME_ANNOTATE(acquire_capability(__VA_ARGS__))
#define LOCK_RELEASE(...) MNEME_ANNOTATE(release_capability(__VA_ARGS__))
#define LOCK_UNCHECKED MNEME_ANNOTATE(no_thread_safety_analysis)
