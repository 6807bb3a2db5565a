/* SPDX-License-Identifier: BSD-3-Clause */

/* golden_bad_codes.c: payloads of the other compressors, one for each reason to refuse them. */

#include "compressors/golden.h"

#include <stddef.h>

const golden_bad golden_bad_codes[] = {
    {"a negative scale", "sign block=8", 4, CSGD_E_CORRUPT, "block 0: the scale is -1",
     "43534744 03000300 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 19a74cff d0ad38c4 000080bf 0f000000"},
    {"an infinite scale", "sign block=8 type=f64", 4, CSGD_E_CORRUPT, "block 0: the scale is inf",
     "43534744 03000300 02000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 81614cb7 3799140c 00000000 0000f07f 0f000000 00000000"},
    {"bits of no element", "sign block=8", 4, CSGD_E_CORRUPT, "last bits",
     "43534744 03000300 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 948b7103 13a38f5e 0000803f 1f000000"},
    {"a value that is NaN", "randk k=1", 4, CSGD_E_CORRUPT, "a value of randk is NaN",
     "43534744 03000400 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 c2bf3e17 f68fde5b 0000c07f 00000000"},
    {"a negative mean of the others", "onebit block=8", 4, CSGD_E_CORRUPT,
     "block 0: the mean of the other elements is -1",
     "43534744 03000a00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 e480c97c 6dcdb1bd 000080bf 000080bf 0f000000 00000000"},
    {"a positive mean of negatives", "onebit block=8 type=f64", 4, CSGD_E_CORRUPT,
     "block 0: the mean of negative elements is 1",
     "43534744 03000a00 02000000 00000000 04000000 00000000 00000000 00000000 "
     "18000000 00000000 01747d28 832cde1d 00000000 0000f03f 00000000 0000f03f "
     "0f000000 00000000"},
    {"onebit bits of no element", "onebit block=8", 4, CSGD_E_CORRUPT, "last bits of the codes",
     "43534744 03000a00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 cdfdc8d8 b9e967ad 000080bf 0000803f 1f000000 00000000"},
    {"mask bits of no element", "onebit block=8 mask=yes", 4, CSGD_E_CORRUPT,
     "last bits of the mask",
     "43534744 03000a00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 3a083c52 51873015 10000080 bf000080 3f0f0000 00000000"},
    {"half a vote", "majority", 4, CSGD_E_CORRUPT, "value 0 of majority is no integer",
     "43534744 03000b00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 6261f686 716d00aa 0000003f 00000000"},
    {"votes of no element", "majority", 4, CSGD_E_CORRUPT, "for no element",
     "43534744 03000b00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 07d4e853 03f1a8df 00008041 00000000"},
    {"an exponent too low", "natural", 4, CSGD_E_CORRUPT,
     "block 0: the exponent of the block is -127",
     "43534744 03000c00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 a554b5be 65974ed9 81ff0000 00000000"},
    {"a negative zero", "natural", 4, CSGD_E_CORRUPT, "block 0: a code is 128",
     "43534744 03000c00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 d7a5c615 4f9e4a88 00000080 00000000"},
    {"a power beyond float", "natural", 4, CSGD_E_CORRUPT, "block 0: a code stands for 2^128",
     "43534744 03000c00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 3d4bd6ec 406fd7d4 80000000 ff000000"},
    {"an infinite half", "bf16", 4, CSGD_E_CORRUPT, "block 0: a half is NaN or infinite",
     "43534744 03000d00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 f42a94ec 55d50822 803f80ff 803f803f"},
    {"a half that is NaN", "f16", 4, CSGD_E_CORRUPT, "block 0: a half is NaN or infinite",
     "43534744 03000e00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 f87fc64d 1119bd68 0000003c 017c003c 003c0000 00000000"},
    {"a scale too large", "f16", 4, CSGD_E_CORRUPT, "block 0: the exponent of the scale is 127",
     "43534744 03000e00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 e236da69 c2924279 7f00003c 003c003c 003c0000 00000000"},
    {"values of more than k", "randk k=2", 4, CSGD_E_CORRUPT, "has 16 bytes, not 8",
     "43534744 03000400 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 c31a4452 77a0b7bd 0000803f 00000040 00004040 00008040"},
    {"values filled up with ones", "randk k=1", 4, CSGD_E_CORRUPT, "other bytes",
     "43534744 03000400 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 3a9ccb11 f9820ef1 0000803f ffffffff"},
    {"a bucket of negative unit", "qsgd bits=4", 4, CSGD_E_CORRUPT, "block 0: the unit is -1",
     "43534744 03000600 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 aecc36f7 7c4f6c9c 000080bf 77770000"},
    {"a bucket of infinite unit", "qsgd bits=4 type=f64", 4, CSGD_E_CORRUPT,
     "block 0: the unit is inf",
     "43534744 03000600 02000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 998e419d 44fed91a 00000000 0000f07f 77770000 00000000"},
    {"a last level of infinity", "qsgd bits=4", 4, CSGD_E_CORRUPT, "block 0: the unit is 1e+38",
     "43534744 03000600 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 854e5a1a c1bd977c 9976967e 77770000"},
    {"a code of no level", "qsgd bits=4", 4, CSGD_E_CORRUPT, "a code of 4 bits is 15",
     "43534744 03000600 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 7987d929 0e91ce45 0000803f 77f70000"},
    {"bits of no code", "qsgd bits=3", 4, CSGD_E_CORRUPT, "last bits",
     "43534744 03000600 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 0c636f2e d2e79439 0000803f db160000"},
    {"a scale that is no number", "terngrad", 4, CSGD_E_CORRUPT, "block 0: the scale is",
     "43534744 03000800 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 efc77415 8eff1c53 0000c07f 55000000"},
    {"a negative scale", "terngrad type=f64", 4, CSGD_E_CORRUPT, "block 0: the scale is -1",
     "43534744 03000800 02000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 ff44d1f3 35b8bde4 00000000 0000f0bf 55000000 00000000"},
    {"a code of no level", "terngrad", 4, CSGD_E_CORRUPT, "a code of 2 bits is 3",
     "43534744 03000800 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 52ba9398 d5acc080 0000803f 5d000000"},
    {"bits of no code", "terngrad", 3, CSGD_E_CORRUPT, "last bits",
     "43534744 03000800 01000000 00000000 03000000 00000000 00000000 00000000 "
     "08000000 00000000 a7e5941c 8680842f 0000803f 55000000"},
    {"a least level of infinity", "int bits=4", 4, CSGD_E_CORRUPT, "the least level is -inf",
     "43534744 03000900 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 c2fbbef6 02db5546 000080ff 0000803f ff000000 00000000"},
    {"a negative unit", "int bits=4", 4, CSGD_E_CORRUPT, "and the unit -1",
     "43534744 03000900 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 8ca3ec3d 67d14796 00000000 000080bf ff000000 00000000"},
    {"a last level of infinity", "int bits=4 type=f64", 4, CSGD_E_CORRUPT,
     "the least level is 0 and the unit 1e+308",
     "43534744 03000900 02000000 00000000 04000000 00000000 00000000 00000000 "
     "18000000 00000000 b5d64dc7 c604a917 00000000 00000000 a0c8eb85 f3cce17f "
     "ff000000 00000000"},
    {"bits of no code", "int bits=3", 4, CSGD_E_CORRUPT, "last bits",
     "43534744 03000900 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 4715fe60 58bbed9e 00000000 0000803f ff1f0000 00000000"},
    {"codes filled up with ones", "sign block=8", 4, CSGD_E_CORRUPT, "filled up with other bytes",
     "43534744 03000300 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 9b1da810 f92764a1 0000803f 0f000001"},
    {"a scale that is NaN", "sign block=8", 4, CSGD_E_CORRUPT, "block 0: the scale is",
     "43534744 03000300 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 a473a0cc 45b681e5 0000c07f 0f000000"},
    {"a second block", "sign block=8", 10, CSGD_E_CORRUPT, "block 1: the scale is -1",
     "43534744 03000300 01000000 00000000 0a000000 00000000 00000000 00000000 "
     "10000000 00000000 301f6a93 34ea250b 0000803f ff000080 bf030000 00000000"},
    {"an infinite mean of negatives", "onebit block=8", 4, CSGD_E_CORRUPT,
     "block 0: the mean of negative elements is -inf",
     "43534744 03000a00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 d99bd805 5906590e 000080ff 0000803f 0f000000 00000000"},
    {"a mean of negatives that is NaN", "onebit block=8", 4, CSGD_E_CORRUPT,
     "block 0: the mean of negative elements is",
     "43534744 03000a00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 4ee737b2 5f2fc3fa 0000c07f 0000803f 0f000000 00000000"},
    {"an infinite mean of the others", "onebit block=8 type=f64", 4, CSGD_E_CORRUPT,
     "block 0: the mean of the other elements is inf",
     "43534744 03000a00 02000000 00000000 04000000 00000000 00000000 00000000 "
     "18000000 00000000 9d7f03e3 31547a6a 00000000 0000f0bf 00000000 0000f07f "
     "0f000000 00000000"},
    {"a mean of the others that is NaN", "onebit block=8", 4, CSGD_E_CORRUPT,
     "block 0: the mean of the other elements is",
     "43534744 03000a00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 03ce3287 15c736e0 000080bf 0000c07f 0f000000 00000000"},
    {"mask bits of no element of sign", "sign block=8 mask=yes", 4, CSGD_E_CORRUPT,
     "block 0: the last bits of the mask",
     "43534744 03000300 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 a074af70 e4746663 1f000080 3f0f0000"},
    {"mask bits of no element of int", "int bits=4 block=8 mask=yes", 4, CSGD_E_CORRUPT,
     "block 0: the last bits of the mask",
     "43534744 03000900 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 1cc2fdf0 e7d899a6 8f000000 00000080 3fff0000 00000000"},
    {"minus one vote", "majority", 4, CSGD_E_CORRUPT, "value 0 of majority is no integer",
     "43534744 03000b00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 b9d32839 080f8ba8 000080bf 00000000"},
    {"votes beyond the counters", "majority", 4, CSGD_E_CORRUPT,
     "value 0 of majority is no integer",
     "43534744 03000b00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 9dc18ccf 2b50a3d8 0000804b 00000000"},
    {"votes that are NaN", "majority", 4, CSGD_E_CORRUPT, "NaN or infinite",
     "43534744 03000b00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 c9850b56 6b3b986b 0000c07f 00000000"},
    {"infinite votes", "majority type=f64", 4, CSGD_E_CORRUPT, "NaN or infinite",
     "43534744 03000b00 02000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 60542134 96a84c47 00000000 0000f07f"},
    {"votes beyond the counters of double", "majority type=f64", 4, CSGD_E_CORRUPT,
     "value 0 of majority is no integer",
     "43534744 03000b00 02000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 95b75338 70461ca6 00000000 00004043"},
    {"an infinite value of randk", "randk k=1 type=f64", 4, CSGD_E_CORRUPT,
     "a value of randk is NaN or infinite",
     "43534744 03000400 02000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 5c927f6e c5984bcb 00000000 0000f07f"},
    {"an exponent too high", "natural", 4, CSGD_E_CORRUPT,
     "block 0: the exponent of the block is 129",
     "43534744 03000c00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 9afd76ad 9241ded3 81000000 00000000"},
    {"an exponent too high of double", "natural type=f64", 4, CSGD_E_CORRUPT,
     "block 0: the exponent of the block is 1025",
     "43534744 03000c00 02000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 4fbe4738 09f916d0 01040000 00000000"},
    {"a power beyond double", "natural type=f64", 4, CSGD_E_CORRUPT,
     "block 0: a code stands for 2^1024",
     "43534744 03000c00 02000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 54f6cfe5 3a445c65 00040000 007f0000"},
    {"a bf16 that is NaN", "bf16", 4, CSGD_E_CORRUPT, "block 0: a half is NaN or infinite",
     "43534744 03000d00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 5f1480f5 a4846454 803fc17f 803f803f"},
    {"an infinite f16", "f16", 4, CSGD_E_CORRUPT, "block 0: a half is NaN or infinite",
     "43534744 03000e00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 b814fa15 fcc32159 0000003c 00fc003c 003c0000 00000000"},
    {"a scale too small", "f16", 4, CSGD_E_CORRUPT, "block 0: the exponent of the scale is -113",
     "43534744 03000e00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 22660260 297f3429 8fff003c 003c003c 003c0000 00000000"},
    {"a scale too large of double", "f16 type=f64", 4, CSGD_E_CORRUPT,
     "block 0: the exponent of the scale is 1023",
     "43534744 03000e00 02000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 2acfb256 09e29d90 ff03003c 003c003c 003c0000 00000000"},
    {"a scale too small of double", "f16 type=f64", 4, CSGD_E_CORRUPT,
     "block 0: the exponent of the scale is -1009",
     "43534744 03000e00 02000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 da0e3261 3785c042 0ffc003c 003c003c 003c0000 00000000"},
    {"a unit that is NaN", "qsgd bits=4", 4, CSGD_E_CORRUPT, "block 0: the unit is",
     "43534744 03000600 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 203feb3d 0fb2ca7f 0000c07f 77770000"},
    {"an infinite scale", "terngrad", 4, CSGD_E_CORRUPT, "block 0: the scale is inf",
     "43534744 03000800 01000000 00000000 04000000 00000000 00000000 00000000 "
     "08000000 00000000 aee3567c 0c943bb2 0000807f 55000000"},
    {"a least level that is NaN", "int bits=4", 4, CSGD_E_CORRUPT, "the least level is",
     "43534744 03000900 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 30c2df06 2cdd0d82 0000c07f 0000803f ff000000 00000000"},
    {"a unit of int that is NaN", "int bits=4", 4, CSGD_E_CORRUPT,
     "the least level is 0 and the unit",
     "43534744 03000900 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 469689ef 8362875e 00000000 0000c07f ff000000 00000000"},
    {"an infinite unit of int", "int bits=4 type=f64", 4, CSGD_E_CORRUPT,
     "the least level is 0 and the unit inf",
     "43534744 03000900 02000000 00000000 04000000 00000000 00000000 00000000 "
     "18000000 00000000 a7f36809 40c6b027 00000000 00000000 00000000 0000f07f "
     "ff000000 00000000"},
    {"a factor that is NaN", "powersgd rank=1", 4, CSGD_E_CORRUPT,
     "a value of powersgd is NaN or infinite",
     "43534744 03000f00 01000000 00000000 04000000 00000000 00000000 00000000 "
     "10000000 00000000 f1975529 4c5888cb 0000803f 0000c07f 0000803f 0000803f"},
    {"an infinite factor", "powersgd rank=1 type=f64", 4, CSGD_E_CORRUPT,
     "a value of powersgd is NaN or infinite",
     "43534744 03000f00 02000000 00000000 04000000 00000000 00000000 00000000 "
     "20000000 00000000 27801726 ee92bb1b 00000000 0000f03f 00000000 00000000 "
     "00000000 0000f03f 00000000 0000f07f"},
    {"a factor too few", "powersgd rank=1 type=f64", 4, CSGD_E_CORRUPT, "has 24 bytes, not 32",
     "43534744 03000f00 02000000 00000000 04000000 00000000 00000000 00000000 "
     "18000000 00000000 2b0ff1ca 28590424 00000000 0000f03f 00000000 00000000 "
     "00000000 0000f03f"},
    {"factors filled up with ones", "powersgd rank=1", 5, CSGD_E_CORRUPT, "other bytes",
     "43534744 03000f00 01000000 00000000 05000000 00000000 00000000 00000000 "
     "18000000 00000000 1d7e0a7b e2fcc943 9a99193f cdcc4c3f 00000000 0000803f "
     "00000040 01000000"},
    {NULL, NULL, 0, CSGD_OK, NULL, NULL},
};
