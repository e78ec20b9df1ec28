#include "CLibWebSocketsShim.h"
