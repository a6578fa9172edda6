using Becket.Blocks;

namespace Becket.Tests.Nbd.Fuzzing;

/// <summary>
/// What the fuzzed server serves: the default export has known bytes that nobody can change, "w" takes every command. Some of
/// their requests are answered at once and some later, from a thread of the pool.
/// </summary>
internal static class FuzzExports
{
    public const int Size = 300_007;
    public const string Writable = "w";

    private const BlockDeviceFeatures Fixed =
        BlockDeviceFeatures.Prefetch | BlockDeviceFeatures.MultiConnection | BlockDeviceFeatures.Extents | BlockDeviceFeatures.Flush
        | BlockDeviceFeatures.Durable;

    /// <summary>The bytes of the default export: noise with holes.</summary>
    public static byte[] Content { get; } = MakeContent();

    public static TestCatalog Make() => new()
    {
        [""] = new ArrayDevice(Content, Fixed) { Waiting = SometimesAsync },
        [Writable] = new ArrayDevice(new byte[Size]) { Waiting = SometimesAsync },
    };

    private static async Task SometimesAsync(long offset, long length, CancellationToken cancellationToken)
    {
        if ((offset + length) % 3 == 0)
            await Task.Yield();
    }

    private static byte[] MakeContent()
    {
        var content = new byte[Size];
        new Random(11).NextBytes(content);
        for (var i = 0; i < Size; i += 5 * ArrayDevice.Granule)
            content.AsSpan(i, Math.Min(2 * ArrayDevice.Granule, Size - i)).Clear();
        return content;
    }
}
