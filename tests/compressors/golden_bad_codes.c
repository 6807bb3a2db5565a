/* SPDX-License-Identifier: BSD-3-Clause */

/* golden_bad_codes.c: payloads of the other compressors, one for each reason to refuse them. */

#include "compressors/golden.h"

#include <stddef.h>

const golden_bad golden_bad_codes[] = {
    {"a negative scale", "sign block=8", 4, CSGD_E_CORRUPT, "block 0: the scale is -1",
     "43534744 02000300 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 8ef7315e 44a0d2f8 000080bf 0f000000"},
    {"an infinite scale", "sign block=8 type=f64", 4, CSGD_E_CORRUPT, "block 0: the scale is inf",
     "43534744 02000300 02000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 531164f7 6f946d49 00000000 0000f07f 0f000000 00000000"},
    {"bits of no element", "sign block=8", 4, CSGD_E_CORRUPT, "last bits",
     "43534744 02000300 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 df82eeb4 672c7cec 0000803f 1f000000"},
    {"a value that is NaN", "randk k=1", 4, CSGD_E_CORRUPT, "a value of randk is NaN",
     "43534744 02000400 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 773d857b 29174310 0000c07f 00000000"},
    {"a negative mean of the others", "onebit block=8", 4, CSGD_E_CORRUPT,
     "block 0: the mean of the other elements is -1",
     "43534744 02000a00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 bd690e6b 1c18c862 000080bf 000080bf 0f000000 00000000"},
    {"a positive mean of negatives", "onebit block=8 type=f64", 4, CSGD_E_CORRUPT,
     "block 0: the mean of negative elements is 1",
     "43534744 02000a00 02000000 00000000 04000000 00000000 00000000 00000000 "
     "18000000 00000000 958ce007 3b11fdb7 00000000 0000f03f 00000000 0000f03f "
     "0f000000 00000000"},
    {"onebit bits of no element", "onebit block=8", 4, CSGD_E_CORRUPT, "last bits of the codes",
     "43534744 02000a00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 c6cddf3a 1eb628ea 000080bf 0000803f 1f000000 00000000"},
    {"mask bits of no element", "onebit block=8 mask=yes", 4, CSGD_E_CORRUPT,
     "last bits of the mask",
     "43534744 02000a00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 39fa4200 721c056d 10000080 bf000080 3f0f0000 00000000"},
    {"half a vote", "majority", 4, CSGD_E_CORRUPT, "value 0 of majority is no integer",
     "43534744 02000b00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 a2598162 39524c75 0000003f 00000000"},
    {"votes of no element", "majority", 4, CSGD_E_CORRUPT, "for no element",
     "43534744 02000b00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 8d319e34 d9883e50 00008041 00000000"},
    {"an exponent too low", "natural", 4, CSGD_E_CORRUPT,
     "block 0: the exponent of the block is -127",
     "43534744 02000c00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 17f85b0a 655d9956 81ff0000 00000000"},
    {"a negative zero", "natural", 4, CSGD_E_CORRUPT, "block 0: a code is 128",
     "43534744 02000c00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 5c8348d6 6e232c4a 00000080 00000000"},
    {"a power beyond float", "natural", 4, CSGD_E_CORRUPT, "block 0: a code stands for 2^128",
     "43534744 02000c00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 b17d5b6b 05cc1fb7 80000000 ff000000"},
    {"an infinite half", "bf16", 4, CSGD_E_CORRUPT, "block 0: a half is NaN or infinite",
     "43534744 02000d00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 43034b93 dde43b43 803f80ff 803f803f"},
    {"a half that is NaN", "f16", 4, CSGD_E_CORRUPT, "block 0: a half is NaN or infinite",
     "43534744 02000e00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 6b274639 1e78ab42 0000003c 017c003c 003c0000 00000000"},
    {"a scale too large", "f16", 4, CSGD_E_CORRUPT, "block 0: the exponent of the scale is 127",
     "43534744 02000e00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 ce9c8db3 126dd2f2 7f00003c 003c003c 003c0000 00000000"},
    {"values of more than k", "randk k=2", 4, CSGD_E_CORRUPT, "has 16 bytes, not 8",
     "43534744 02000400 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 1b702791 26a31d57 0000803f 00000040 00004040 00008040"},
    {"values filled up with ones", "randk k=1", 4, CSGD_E_CORRUPT, "other bytes",
     "43534744 02000400 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 6c99ff5a d290725e 0000803f ffffffff"},
    {"a bucket of negative unit", "qsgd bits=4", 4, CSGD_E_CORRUPT, "block 0: the unit is -1",
     "43534744 02000600 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 e0825ec7 26254469 000080bf 77770000"},
    {"a bucket of infinite unit", "qsgd bits=4 type=f64", 4, CSGD_E_CORRUPT,
     "block 0: the unit is inf",
     "43534744 02000600 02000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 4ac4ab11 31df5983 00000000 0000f07f 77770000 00000000"},
    {"a last level of infinity", "qsgd bits=4", 4, CSGD_E_CORRUPT, "block 0: the unit is 1e+38",
     "43534744 02000600 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 79b31105 172ddadc 9976967e 77770000"},
    {"a code of no level", "qsgd bits=4", 4, CSGD_E_CORRUPT, "a code of 4 bits is 15",
     "43534744 02000600 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 44c7624b 32d40bec 0000803f 77f70000"},
    {"bits of no code", "qsgd bits=3", 4, CSGD_E_CORRUPT, "last bits",
     "43534744 02000600 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 9ba040c1 e7d4bf73 0000803f db160000"},
    {"a scale that is no number", "terngrad", 4, CSGD_E_CORRUPT, "block 0: the scale is",
     "43534744 02000800 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 07c11f93 ab689af8 0000c07f 55000000"},
    {"a negative scale", "terngrad type=f64", 4, CSGD_E_CORRUPT, "block 0: the scale is -1",
     "43534744 02000800 02000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 e56a7b7c 7546f333 00000000 0000f0bf 55000000 00000000"},
    {"a code of no level", "terngrad", 4, CSGD_E_CORRUPT, "a code of 2 bits is 3",
     "43534744 02000800 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 f3438c31 cb2d5df7 0000803f 5d000000"},
    {"bits of no code", "terngrad", 3, CSGD_E_CORRUPT, "last bits",
     "43534744 02000800 01000000 00000000 03000000 00000000 00000000 00000000 "
     "08000000 00000000 7cb09c16 fd05a62d 0000803f 55000000"},
    {"a least level of infinity", "int bits=4", 4, CSGD_E_CORRUPT, "the least level is -inf",
     "43534744 02000900 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 9964b093 3649f4bb 000080ff 0000803f ff000000 00000000"},
    {"a negative unit", "int bits=4", 4, CSGD_E_CORRUPT, "and the unit -1",
     "43534744 02000900 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 8dce97ab fb846a24 00000000 000080bf ff000000 00000000"},
    {"a last level of infinity", "int bits=4 type=f64", 4, CSGD_E_CORRUPT,
     "the least level is 0 and the unit 1e+308",
     "43534744 02000900 02000000 00000000 04000000 00000000 00000000 00000000 "
     "18000000 00000000 bd183bae df033574 00000000 00000000 a0c8eb85 f3cce17f "
     "ff000000 00000000"},
    {"bits of no code", "int bits=3", 4, CSGD_E_CORRUPT, "last bits",
     "43534744 02000900 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 a830b436 b0d0e091 00000000 0000803f ff1f0000 00000000"},
    {"codes filled up with ones", "sign block=8", 4, CSGD_E_CORRUPT, "filled up with other bytes",
     "43534744 02000300 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 f0b56bbc 4eae67e3 0000803f 0f000001"},
    {"a scale that is NaN", "sign block=8", 4, CSGD_E_CORRUPT, "block 0: the scale is",
     "43534744 02000300 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 f4f25809 70a9ecf4 0000c07f 0f000000"},
    {"a second block", "sign block=8", 10, CSGD_E_CORRUPT, "block 1: the scale is -1",
     "43534744 02000300 01000000 00000000 0a000000 00000000 00000000 00000000 "
     "10000000 00000000 93df127f 334bf6dd 0000803f ff000080 bf030000 00000000"},
    {"an infinite mean of negatives", "onebit block=8", 4, CSGD_E_CORRUPT,
     "block 0: the mean of negative elements is -inf",
     "43534744 02000a00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 4f5e10d7 0ff5ceae 000080ff 0000803f 0f000000 00000000"},
    {"a mean of negatives that is NaN", "onebit block=8", 4, CSGD_E_CORRUPT,
     "block 0: the mean of negative elements is",
     "43534744 02000a00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 3287da11 b5b4a35d 0000c07f 0000803f 0f000000 00000000"},
    {"an infinite mean of the others", "onebit block=8 type=f64", 4, CSGD_E_CORRUPT,
     "block 0: the mean of the other elements is inf",
     "43534744 02000a00 02000000 00000000 04000000 00000000 00000000 00000000 "
     "18000000 00000000 d7ca48b8 29be5348 00000000 0000f0bf 00000000 0000f07f "
     "0f000000 00000000"},
    {"a mean of the others that is NaN", "onebit block=8", 4, CSGD_E_CORRUPT,
     "block 0: the mean of the other elements is",
     "43534744 02000a00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 272c0c8a c1e3a8ba 000080bf 0000c07f 0f000000 00000000"},
    {"mask bits of no element of sign", "sign block=8 mask=yes", 4, CSGD_E_CORRUPT,
     "block 0: the last bits of the mask",
     "43534744 02000300 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 d55b84ec 6b2c083e 1f000080 3f0f0000"},
    {"mask bits of no element of int", "int bits=4 block=8 mask=yes", 4, CSGD_E_CORRUPT,
     "block 0: the last bits of the mask",
     "43534744 02000900 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 72eda97b a8b9353f 8f000000 00000080 3fff0000 00000000"},
    {"minus one vote", "majority", 4, CSGD_E_CORRUPT, "value 0 of majority is no integer",
     "43534744 02000b00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 a6de9f28 6cd79c3d 000080bf 00000000"},
    {"votes beyond the counters", "majority", 4, CSGD_E_CORRUPT,
     "value 0 of majority is no integer",
     "43534744 02000b00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 831d5175 909dc6d0 0000804b 00000000"},
    {"votes that are NaN", "majority", 4, CSGD_E_CORRUPT, "NaN or infinite",
     "43534744 02000b00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 92838a19 72c04ef6 0000c07f 00000000"},
    {"infinite votes", "majority type=f64", 4, CSGD_E_CORRUPT, "NaN or infinite",
     "43534744 02000b00 02000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 70c4ded9 08496bcc 00000000 0000f07f"},
    {"votes beyond the counters of double", "majority type=f64", 4, CSGD_E_CORRUPT,
     "value 0 of majority is no integer",
     "43534744 02000b00 02000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 340c8f46 7edf9735 00000000 00004043"},
    {"an infinite value of randk", "randk k=1 type=f64", 4, CSGD_E_CORRUPT,
     "a value of randk is NaN or infinite",
     "43534744 02000400 02000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 568f3e02 6b2379f8 00000000 0000f07f"},
    {"an exponent too high", "natural", 4, CSGD_E_CORRUPT,
     "block 0: the exponent of the block is 129",
     "43534744 02000c00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 91184753 839bf122 81000000 00000000"},
    {"an exponent too high of double", "natural type=f64", 4, CSGD_E_CORRUPT,
     "block 0: the exponent of the block is 1025",
     "43534744 02000c00 02000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 852be51b f19729bb 01040000 00000000"},
    {"a power beyond double", "natural type=f64", 4, CSGD_E_CORRUPT,
     "block 0: a code stands for 2^1024",
     "43534744 02000c00 02000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 55b770d1 e452a934 00040000 007f0000"},
    {"a bf16 that is NaN", "bf16", 4, CSGD_E_CORRUPT, "block 0: a half is NaN or infinite",
     "43534744 02000d00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 7359ee55 92523a52 803fc17f 803f803f"},
    {"an infinite f16", "f16", 4, CSGD_E_CORRUPT, "block 0: a half is NaN or infinite",
     "43534744 02000e00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 c3383b6d dc2aab0c 0000003c 00fc003c 003c0000 00000000"},
    {"a scale too small", "f16", 4, CSGD_E_CORRUPT, "block 0: the exponent of the scale is -113",
     "43534744 02000e00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 ab394752 07324c9a 8fff003c 003c003c 003c0000 00000000"},
    {"a scale too large of double", "f16 type=f64", 4, CSGD_E_CORRUPT,
     "block 0: the exponent of the scale is 1023",
     "43534744 02000e00 02000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 6d0f5f55 e6808564 ff03003c 003c003c 003c0000 00000000"},
    {"a scale too small of double", "f16 type=f64", 4, CSGD_E_CORRUPT,
     "block 0: the exponent of the scale is -1009",
     "43534744 02000e00 02000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 044e3487 5d71d3aa 0ffc003c 003c003c 003c0000 00000000"},
    {"a unit that is NaN", "qsgd bits=4", 4, CSGD_E_CORRUPT, "block 0: the unit is",
     "43534744 02000600 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 a7568c0a 3068da62 0000c07f 77770000"},
    {"an infinite scale", "terngrad", 4, CSGD_E_CORRUPT, "block 0: the scale is inf",
     "43534744 02000800 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 1a856725 3f2ea1d8 0000807f 55000000"},
    {"a least level that is NaN", "int bits=4", 4, CSGD_E_CORRUPT, "the least level is",
     "43534744 02000900 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 7b635593 6433fdf6 0000c07f 0000803f ff000000 00000000"},
    {"a unit of int that is NaN", "int bits=4", 4, CSGD_E_CORRUPT,
     "the least level is 0 and the unit",
     "43534744 02000900 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 b0ef245e 65e680c5 00000000 0000c07f ff000000 00000000"},
    {"an infinite unit of int", "int bits=4 type=f64", 4, CSGD_E_CORRUPT,
     "the least level is 0 and the unit inf",
     "43534744 02000900 02000000 00000000 04000000 00000000 00000000 00000000 "
     "18000000 00000000 6fde6ed5 41cdf9da 00000000 00000000 00000000 0000f07f "
     "ff000000 00000000"},
    {"a factor that is NaN", "powersgd rank=1", 4, CSGD_E_CORRUPT,
     "a value of powersgd is NaN or infinite",
     "43534744 02000f00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 cb13baa2 6198d16e 0000803f 0000c07f 0000803f 0000803f"},
    {"an infinite factor", "powersgd rank=1 type=f64", 4, CSGD_E_CORRUPT,
     "a value of powersgd is NaN or infinite",
     "43534744 02000f00 02000000 00000000 04000000 00000000 00000000 00000000 "
     "20000000 00000000 6fcb380c 6979fd2a 00000000 0000f03f 00000000 00000000 "
     "00000000 0000f03f 00000000 0000f07f"},
    {"a factor too few", "powersgd rank=1 type=f64", 4, CSGD_E_CORRUPT, "has 24 bytes, not 32",
     "43534744 02000f00 02000000 00000000 04000000 00000000 00000000 00000000 "
     "18000000 00000000 d112e99e 81fdc569 00000000 0000f03f 00000000 00000000 "
     "00000000 0000f03f"},
    {"factors filled up with ones", "powersgd rank=1", 5, CSGD_E_CORRUPT, "other bytes",
     "43534744 02000f00 01000000 00000000 05000000 00000000 00000000 00000000 "
     "18000000 00000000 f94663c0 25ca877d 9a99193f cdcc4c3f 00000000 0000803f "
     "00000040 01000000"},
    {NULL, NULL, 0, CSGD_OK, NULL, NULL},
};
