/// Texts for people.

#include "core/readable.hpp"

#include <gtest/gtest.h>

namespace kronvec::testing {
namespace {

TEST(Readable, ShowsControlCharactersAsText) {
  EXPECT_EQ(printable("plain, Aᵀ·x, 🙂"), "plain, Aᵀ·x, 🙂");
  EXPECT_EQ(printable("\x1b[31m\n\t\x7f"), "\\x1b[31m\\x0a\\x09\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b") << "a control character of ISO 8859-1";
  EXPECT_EQ(printable("\xc2\xa0"), "\xc2\xa0");
  EXPECT_EQ(printable("\x9b\xff\xc0\x80\xe2\x82"), "\\x9b\\xff\\xc0\\x80\\xe2\\x82") << "not UTF-8";
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Readable, KeepsBothEndsOfALongText) {
  EXPECT_EQ(both_ends("123456", 3), "123456");
  EXPECT_EQ(both_ends("1234567", 3), "123…567");
  EXPECT_EQ(both_ends("1·ᵀᵀᵀ·7", 3), "1·…·7");
}

} // namespace
} // namespace kronvec::testing
