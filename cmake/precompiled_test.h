// The same for unit tests.
#pragma once

#include "precompiled.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
