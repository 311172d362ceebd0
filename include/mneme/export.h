// MNEME_API marks what libmneme.so shows; everything else in it is hidden.
#pragma once

#define MNEME_API [[gnu::visibility("default")]]
