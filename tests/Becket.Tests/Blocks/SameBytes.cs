namespace Becket.Tests.Blocks;

/// <summary>Compares large buffers quickly, and says where they part instead of printing them.</summary>
internal static class SameBytes
{
    public static void Check(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        var same = expected.CommonPrefixLength(actual);
        if (same < expected.Length)
            Assert.Fail($"byte {same} of {expected.Length} is {actual[same]}, expected {expected[same]}");
    }
}
