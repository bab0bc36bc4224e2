"""Write csrc/field/src/constants381.cpp: the base field of BLS12-381 and its tower, in both representations.

Sources: draft-irtf-cfrg-pairing-friendly-curves, section 4.2.1 (the parameter x, p as a polynomial in it, the tower);
RFC 9380 for hashing. All but the generators and the isogenies is computed here from x; lint regenerates the file and
wants no difference.
"""

import sys
from pathlib import Path

X = -0xD201000000010000
ORDER = X**4 - X**2 + 1
P = (X - 1) ** 2 * (X**4 - X**2 + 1) // 3 + X
LANE_BITS, LANE_LIMBS = 50, 8
WORD_BITS, WORDS = 64, 6

Fp2 = tuple[int, int]


def limbs(value: int, bits: int, count: int) -> list[int]:
    assert value >> (bits * count) == 0
    return [(value >> (bits * i)) & (2**bits - 1) for i in range(count)]


def array(values: list[int]) -> str:
    return "{" + ", ".join(f"0x{value:x}" for value in values) + "}"


def lane(value: int) -> str:
    return array(limbs(value, LANE_BITS, LANE_LIMBS))


def words(value: int) -> str:
    return array(limbs(value, WORD_BITS, WORDS))


def fp(value: int) -> str:
    """Montgomery form for both backends: R = 2^400 in lanes, 2^384 in words."""
    return f"{{{lane(value * 2**400 % P)}, {words(value * 2**384 % P)}}}"


def fp2(value: Fp2) -> str:
    return "{" + ", ".join(fp(part) for part in value) + "}"


def fp2_mul(a: Fp2, b: Fp2) -> Fp2:
    return (a[0] * b[0] - a[1] * b[1]) % P, (a[0] * b[1] + a[1] * b[0]) % P


def fp2_pow(a: Fp2, exponent: int) -> Fp2:
    result: Fp2 = (1, 0)
    for bit in bin(exponent)[2:]:
        result = fp2_mul(result, result)
        if bit == "1":
            result = fp2_mul(result, a)
    return result


def inflated(multiple: int, bits: int) -> str:
    """multiple * p with every limb but the top one in [2^bits, 2^bits + 2^50): it can lend 2^bits."""
    value = limbs(multiple * P, LANE_BITS, LANE_LIMBS)
    lend = 2 ** (bits - LANE_BITS)
    value = [value[0] + 2**bits, *(limb + 2**bits - lend for limb in value[1:-1]), value[-1] - lend]
    assert sum(limb << (LANE_BITS * i) for i, limb in enumerate(value)) == multiple * P
    assert value[-1] > 0
    return array(value)


def beta() -> int:
    """The cube root of unity for which (x, y) -> (beta x, -y) multiplies G1 by x^2 (the curve's parameter squared)."""
    root = pow(2, (P - 1) // 3, P)
    assert root != 1
    # Both primitive roots belong to eigenvalues -x^2 and x^2 - 1 of (x, y) -> (beta x, y); the generator tells them
    # apart.
    for candidate in (root, root * root % P):
        if multiply_g1(X * X) == (candidate * G1[0] % P, -G1[1] % P):
            return candidate
    raise AssertionError


G1 = (
    0x17F1D3A73197D7942695638C4FA9AC0FC3688C4F9774B905A14E3A3F171BAC586C55E83FF97A1AEFFB3AF00ADB22C6BB,
    0x08B3F481E3AAA0F1A09E30ED741D8AE4FCF5E095D5D00AF600DB18CB2C04B3EDD03CC744A2888AE40CAA232946C5E7E1,
)
G2: tuple[Fp2, Fp2] = (
    (
        0x024AA2B2F08F0A91260805272DC51051C6E47AD4FA403B02B4510B647AE3D1770BAC0326A805BBEFD48056C8C121BDB8,
        0x13E02B6052719F607DACD3A088274F65596BD0D09920B61AB5DA61BBDC7F5049334CF11213945D57E5AC7D055D042B7E,
    ),
    (
        0x0CE5D527727D6E118CC9CDC6DA2E351AADFD9BAA8CBDD3A76D429A695160D12C923AC9CC3BACA289E193548608B82801,
        0x0606C4A02EA734CC32ACD2B02BC28B99CB3E287E85A763AF267492AB572E99AB3F370D275CEC1DA1AAA9075FF05F79BE,
    ),
)

# RFC 9380, sections 8.8.1 and 8.8.2: the isogenous curves y^2 = x^3 + A x + B and the Z of simplified SWU.
A1 = 0x00144698A3B8E9433D693A02C96D4982B0EA985383EE66A8D8E8981AEFD881AC98936F8DA0E0F97F5CF428082D584C1D
B1 = 0x12E2908D11688030018B12E8753EEE3B2016C1F0F24F4070A0B9C14FCEF35EF55A23215A316CEAA5D1CC48E98E172BE0
Z1 = 11
A2: Fp2 = (0, 240)
B2: Fp2 = (1012, 1012)
Z2: Fp2 = (P - 2, P - 1)
# RFC 9380, appendices E.2 and E.3: the isogenies, the coefficient of 1 first. X_DEN is a square h^2, and the RFC's
# y_den is h^3: h vanishes on the kernel.
X_NUM1 = (
    0x11A05F2B1E833340B809101DD99815856B303E88A2D7005FF2627B56CDB4E2C85610C2D5F2E62D6EAEAC1662734649B7,
    0x17294ED3E943AB2F0588BAB22147A81C7C17E75B2F6A8417F565E33C70D1E86B4838F2A6F318C356E834EEF1B3CB83BB,
    0x0D54005DB97678EC1D1048C5D10A9A1BCE032473295983E56878E501EC68E25C958C3E3D2A09729FE0179F9DAC9EDCB0,
    0x1778E7166FCC6DB74E0609D307E55412D7F5E4656A8DBF25F1B33289F1B330835336E25CE3107193C5B388641D9B6861,
    0x0E99726A3199F4436642B4B3E4118E5499DB995A1257FB3F086EEB65982FAC18985A286F301E77C451154CE9AC8895D9,
    0x1630C3250D7313FF01D1201BF7A74AB5DB3CB17DD952799B9ED3AB9097E68F90A0870D2DCAE73D19CD13C1C66F652983,
    0x0D6ED6553FE44D296A3726C38AE652BFB11586264F0F8CE19008E218F9C86B2A8DA25128C1052ECADDD7F225A139ED84,
    0x17B81E7701ABDBE2E8743884D1117E53356DE5AB275B4DB1A682C62EF0F2753339B7C8F8C8F475AF9CCB5618E3F0C88E,
    0x080D3CF1F9A78FC47B90B33563BE990DC43B756CE79F5574A2C596C928C5D1DE4FA295F296B74E956D71986A8497E317,
    0x169B1F8E1BCFA7C42E0C37515D138F22DD2ECB803A0C5C99676314BAF4BB1B7FA3190B2EDC0327797F241067BE390C9E,
    0x10321DA079CE07E272D8EC09D2565B0DFA7DCCDDE6787F96D50AF36003B14866F69B771F8C285DECCA67DF3F1605FB7B,
    0x06E08C248E260E70BD1E962381EDEE3D31D79D7E22C837BC23C0BF1BC24C6B68C24B1B80B64D391FA9C8BA2E8BA2D229,
)
X_DEN1 = (
    0x08CA8D548CFF19AE18B2E62F4BD3FA6F01D5EF4BA35B48BA9C9588617FC8AC62B558D681BE343DF8993CF9FA40D21B1C,
    0x12561A5DEB559C4348B4711298E536367041E8CA0CF0800C0126C2588C48BF5713DAA8846CB026E9E5C8276EC82B3BFF,
    0x0B2962FE57A3225E8137E629BFF2991F6F89416F5A718CD1FCA64E00B11ACEACD6A3D0967C94FEDCFCC239BA5CB83E19,
    0x03425581A58AE2FEC83AAFEF7C40EB545B08243F16B1655154CCA8ABC28D6FD04976D5243EECF5C4130DE8938DC62CD8,
    0x13A8E162022914A80A6F1D5F43E7A07DFFDFC759A12062BB8D6B44E833B306DA9BD29BA81F35781D539D395B3532A21E,
    0x0E7355F8E4E667B955390F7F0506C6E9395735E9CE9CAD4D0A43BCEF24B8982F7400D24BC4228F11C02DF9A29F6304A5,
    0x0772CAACF16936190F3E0C63E0596721570F5799AF53A1894E2E073062AEDE9CEA73B3538F0DE06CEC2574496EE84A3A,
    0x14A7AC2A9D64A8B230B3F5B074CF01996E7F63C21BCA68A81996E1CDF9822C580FA5B9489D11E2D311F7D99BBDCC5A5E,
    0x0A10ECF6ADA54F825E920B3DAFC7A3CCE07F8D1D7161366B74100DA67F39883503826692ABBA43704776EC3A79A1D641,
    0x095FC13AB9E92AD4476D6E3EB3A56680F682B4EE96F7D03776DF533978F31C1593174E4B4B7865002D6384D168ECDD0A,
    0x000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001,
)
Y_NUM1 = (
    0x090D97C81BA24EE0259D1F094980DCFA11AD138E48A869522B52AF6C956543D3CD0C7AEE9B3BA3C2BE9845719707BB33,
    0x134996A104EE5811D51036D776FB46831223E96C254F383D0F906343EB67AD34D6C56711962FA8BFE097E75A2E41C696,
    0x00CC786BAA966E66F4A384C86A3B49942552E2D658A31CE2C344BE4B91400DA7D26D521628B00523B8DFE240C72DE1F6,
    0x01F86376E8981C217898751AD8746757D42AA7B90EEB791C09E4A3EC03251CF9DE405ABA9EC61DECA6355C77B0E5F4CB,
    0x08CC03FDEFE0FF135CAF4FE2A21529C4195536FBE3CE50B879833FD221351ADC2EE7F8DC099040A841B6DAECF2E8FEDB,
    0x16603FCA40634B6A2211E11DB8F0A6A074A7D0D4AFADB7BD76505C3D3AD5544E203F6326C95A807299B23AB13633A5F0,
    0x04AB0B9BCFAC1BBCB2C977D027796B3CE75BB8CA2BE184CB5231413C4D634F3747A87AC2460F415EC961F8855FE9D6F2,
    0x0987C8D5333AB86FDE9926BD2CA6C674170A05BFE3BDD81FFD038DA6C26C842642F64550FEDFE935A15E4CA31870FB29,
    0x09FC4018BD96684BE88C9E221E4DA1BB8F3ABD16679DC26C1E8B6E6A1F20CABE69D65201C78607A360370E577BDBA587,
    0x0E1BBA7A1186BDB5223ABDE7ADA14A23C42A0CA7915AF6FE06985E7ED1E4D43B9B3F7055DD4EBA6F2BAFAAEBCA731C30,
    0x19713E47937CD1BE0DFD0B8F1D43FB93CD2FCBCB6CAF493FD1183E416389E61031BF3A5CCE3FBAFCE813711AD011C132,
    0x18B46A908F36F6DEB918C143FED2EDCC523559B8AAF0C2462E6BFE7F911F643249D9CDF41B44D606CE07C8A4D0074D8E,
    0x0B182CAC101B9399D155096004F53F447AA7B12A3426B08EC02710E807B4633F06C851C1919211F20D4C04F00B971EF8,
    0x0245A394AD1ECA9B72FC00AE7BE315DC757B3B080D4C158013E6632D3C40659CC6CF90AD1C232A6442D9D3F5DB980133,
    0x05C129645E44CF1102A159F748C4A3FC5E673D81D7E86568D9AB0F5D396A7CE46BA1049B6579AFB7866B1E715475224B,
    0x15E6BE4E990F03CE4EA50B3B42DF2EB5CB181D8F84965A3957ADD4FA95AF01B2B665027EFEC01C7704B456BE69C8B604,
)
X_NUM2: tuple[Fp2, ...] = (
    (
        0x05C759507E8E333EBB5B7A9A47D7ED8532C52D39FD3A042A88B58423C50AE15D5C2638E343D9C71C6238AAAAAAAA97D6,
        0x05C759507E8E333EBB5B7A9A47D7ED8532C52D39FD3A042A88B58423C50AE15D5C2638E343D9C71C6238AAAAAAAA97D6,
    ),
    (0, 0x11560BF17BAA99BC32126FCED787C88F984F87ADF7AE0C7F9A208C6B4F20A4181472AAA9CB8D555526A9FFFFFFFFC71A),
    (
        0x11560BF17BAA99BC32126FCED787C88F984F87ADF7AE0C7F9A208C6B4F20A4181472AAA9CB8D555526A9FFFFFFFFC71E,
        0x08AB05F8BDD54CDE190937E76BC3E447CC27C3D6FBD7063FCD104635A790520C0A395554E5C6AAAA9354FFFFFFFFE38D,
    ),
    (0x171D6541FA38CCFAED6DEA691F5FB614CB14B4E7F4E810AA22D6108F142B85757098E38D0F671C7188E2AAAAAAAA5ED1, 0),
)
X_DEN2: tuple[Fp2, ...] = (
    (0, P - 72),
    (12, P - 12),
    (1, 0),
)
Y_NUM2: tuple[Fp2, ...] = (
    (
        0x1530477C7AB4113B59A4C18B076D11930F7DA5D4A07F649BF54439D87D27E500FC8C25EBF8C92F6812CFC71C71C6D706,
        0x1530477C7AB4113B59A4C18B076D11930F7DA5D4A07F649BF54439D87D27E500FC8C25EBF8C92F6812CFC71C71C6D706,
    ),
    (0, 0x05C759507E8E333EBB5B7A9A47D7ED8532C52D39FD3A042A88B58423C50AE15D5C2638E343D9C71C6238AAAAAAAA97BE),
    (
        0x11560BF17BAA99BC32126FCED787C88F984F87ADF7AE0C7F9A208C6B4F20A4181472AAA9CB8D555526A9FFFFFFFFC71C,
        0x08AB05F8BDD54CDE190937E76BC3E447CC27C3D6FBD7063FCD104635A790520C0A395554E5C6AAAA9354FFFFFFFFE38F,
    ),
    (0x124C9AD43B6CF79BFBF7043DE3811AD0761B0F37A1E26286B0E977C69AA274524E79097A56DC4BD9E1B371C71C718B10, 0),
)


def kernel_polynomial(square: tuple[Fp2, ...]) -> list[Fp2]:
    """The monic h with h^2 given, from the top coefficient down."""
    degree, half = len(square) // 2, pow(2, -1, P)
    h: list[Fp2] = [(0, 0)] * degree + [(1, 0)]
    for k in reversed(range(degree)):
        known = polynomial_product(h, h)[degree + k]
        h[k] = fp2_mul((half, 0), ((square[degree + k][0] - known[0]) % P, (square[degree + k][1] - known[1]) % P))
    assert polynomial_product(h, h) == list(square)
    return h


def polynomial_product(a: list[Fp2], b: list[Fp2]) -> list[Fp2]:
    result = [(0, 0)] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            c0, c1 = fp2_mul(x, y)
            result[i + j] = ((result[i + j][0] + c0) % P, (result[i + j][1] + c1) % P)
    return result


def root(value: int) -> int:
    """The square root that is a square itself; p = 3 mod 4."""
    result = pow(value, (P + 1) // 4, P)
    assert result * result % P == value % P
    return result


def table(name: str, values: list[str], kind: str) -> list[str]:
    return [f"const {kind} {name}[{len(values)}] = {{", *(f"    {value}," for value in values), "};"]


def hashing() -> list[str]:
    """What simplified SWU and the isogenies need."""
    h1 = [c0 for c0, _ in kernel_polynomial(tuple((c, 0) for c in X_DEN1))]
    return [
        f"const FpConstant kTwoTo384 = {fp(2**384)};",
        f"const FpConstant kIsoA1 = {fp(A1)};",
        f"const FpConstant kIsoB1 = {fp(B1)};",
        f"const FpConstant kSswuZ1 = {fp(Z1)};",
        f"const FpConstant kRootOfMinusZ1 = {fp(root(-Z1))};",
        f"const Fp2Constant kIsoA2 = {fp2(A2)};",
        f"const Fp2Constant kIsoB2 = {fp2(B2)};",
        f"const Fp2Constant kSswuZ2 = {fp2(Z2)};",
        f"const FpConstant kRootOfMinusNormZ2 = {fp(root(-(Z2[0] ** 2) - Z2[1] ** 2))};",
        *table("kIsoX1", [fp(c) for c in X_NUM1], "FpConstant"),
        *table("kIsoY1", [fp(c) for c in Y_NUM1], "FpConstant"),
        *table("kIsoKernel1", [fp(c) for c in h1], "FpConstant"),
        *table("kIsoX2", [fp2(c) for c in X_NUM2], "Fp2Constant"),
        *table("kIsoY2", [fp2(c) for c in Y_NUM2], "Fp2Constant"),
        *table("kIsoKernel2", [fp2(c) for c in kernel_polynomial(X_DEN2)], "Fp2Constant"),
    ]


def multiply_g1(scalar: int) -> tuple[int, int]:
    """scalar times the generator, affine, by doubling and adding."""
    result: tuple[int, int] | None = None
    for bit in bin(scalar)[2:]:
        if result is not None:
            x, y = result
            slope = 3 * x * x * pow(2 * y, -1, P) % P
            x3 = (slope * slope - 2 * x) % P
            result = (x3, (slope * (x - x3) - y) % P)
        if bit == "1":
            if result is None:
                result = G1
                continue
            x, y = result
            slope = (y - G1[1]) * pow(x - G1[0], -1, P) % P
            x3 = (slope * slope - x - G1[0]) % P
            result = (x3, (slope * (x - x3) - y) % P)
    assert result is not None
    return result


def text() -> str:
    xi: Fp2 = (1, 1)
    inverse_xi: Fp2 = (pow(2, -1, P), -pow(2, -1, P) % P)
    quotient = 2**52 // ((P >> 350) + 1)
    quotient_word = 2**121 // ((P >> 320) + 1)
    frobenius = [fp2_pow(xi, k * (P - 1) // 6) for k in range(6)]
    lines = [
        "// Written by scripts/generate_field381_constants.py; do not edit.",
        "// Sources: draft-irtf-cfrg-pairing-friendly-curves, section 4.2.1; RFC 9380, section 8.8, appendix E.",
        '#include "pyfe/field/constants381.hpp"',
        "",
        "// clang-format off",
        "namespace pyfe::field::bls12_381 {",
        "",
        f"const uint64_t kPLane[8] = {lane(P)};",
        f"const uint64_t kPWord[6] = {words(P)};",
        f"const uint64_t kPPlusOneHalf[6] = {words((P + 1) // 2)};",
        f"const uint64_t kTwoPWord[6] = {words(2 * P)};",
        f"const uint64_t kMinusPWord[6] = {words(2**384 - P)};",
        f"const uint64_t kMinusTwoPWord[6] = {words(2**384 - 2 * P)};",
        f"const uint64_t kNegInverseLane = 0x{-pow(P, -1, 2**50) % 2**50:x};",
        f"const uint64_t kFold[8] = {lane((P * pow(P, -1, 2**50) - 1) >> 50)};",
        f"const uint64_t kNegInverseWord = 0x{-pow(P, -1, 2**64) % 2**64:x};",
        f"const uint64_t kQuotient = 0x{quotient:x};",
        f"const uint64_t kQuotientWord = 0x{quotient_word:x};",
        f"const FpConstant kRSquared = {{{lane(2**800 % P)}, {words(2**768 % P)}}};",
        f"const FpConstant kFpOne = {fp(1)};",
        f"const FpConstant kFpHalf = {fp(pow(2, -1, P))};",
        "const uint64_t kLend54[6][8] = {",
        *(f"    {inflated(4 << i, 54)}," for i in range(6)),
        "};",
        f"const uint64_t kLend61[8] = {inflated(1, 61)};",
        f"const uint64_t kPMinusTwo[6] = {words(P - 2)};",
        f"const uint64_t kPMinusThreeQuarters[6] = {words((P - 3) // 4)};",
        "const Fp2Constant kFrobenius[6] = {",
        *(f"    {fp2(value)}," for value in frobenius),
        "};",
        f"const FpConstant kBeta = {fp(beta())};",
        f"const Fp2Constant kPsiX = {fp2(fp2_pow(inverse_xi, (P - 1) // 3))};",
        f"const Fp2Constant kPsiY = {fp2(fp2_pow(inverse_xi, (P - 1) // 2))};",
        f"const FpConstant kPsiSquaredX = {fp(pow(2, -(P - 1) // 3, P))};",
        f"const FpConstant kG1X = {fp(G1[0])};",
        f"const FpConstant kG1Y = {fp(G1[1])};",
        f"const Fp2Constant kG2X = {fp2(G2[0])};",
        f"const Fp2Constant kG2Y = {fp2(G2[1])};",
        *hashing(),
        f"const uint64_t kOrder[4] = {array(limbs(ORDER, 64, 4))};",
        f"const uint64_t kOrderNegInverse = 0x{-pow(ORDER, -1, 2**64) % 2**64:x};",
        f"const uint64_t kOrderRSquared[4] = {array(limbs(2**512 % ORDER, 64, 4))};",
        f"const uint64_t kAbsX = 0x{-X:x};",
        f"const uint64_t kAbsXReciprocal = 0x{(2**128 - 1) // -X - 2**64:x};",
        "",
        "}  // namespace pyfe::field::bls12_381",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    target = Path(__file__).parent.parent / "csrc/field/src/constants381.cpp"
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if target.exists() and target.read_text() == text() else f"{target} differs from its generator")
    target.write_text(text())
