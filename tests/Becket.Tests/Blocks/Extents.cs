using Becket.Blocks;

namespace Becket.Tests.Blocks;

/// <summary>Reads a device's extents and holds them to their promises.</summary>
internal static class Extents
{
    /// <summary>The extents of a range, which are gapless, ascending, clipped and not empty, or the test fails.</summary>
    public static async Task<List<Extent>> ListExtentsAsync(this IBlockDevice device, ByteRange range)
    {
        var extents = new List<Extent>();
        var position = range.Offset;
        await foreach (var extent in device.GetExtentsAsync(range, TestContext.Current.CancellationToken))
        {
            Assert.Equal(position, extent.Range.Offset);
            Assert.True(extent.Range.Length > 0, $"{extent} is empty");
            Assert.Equal(ExtentKind.Data, extent.Kind & ~(ExtentKind.Hole | ExtentKind.Zero));
            extents.Add(extent);
            position = extent.Range.End;
        }
        Assert.Equal(range.End, position);
        return extents;
    }

    /// <summary>The same with touching extents of one kind joined: what a device knows, not how it happens to cut it.</summary>
    public static async Task<List<Extent>> ListJoinedExtentsAsync(this IBlockDevice device, ByteRange range)
    {
        var joined = new List<Extent>();
        foreach (var extent in await device.ListExtentsAsync(range))
        {
            if (joined.Count > 0 && joined[^1].Kind == extent.Kind)
                joined[^1] = new Extent(ByteRange.FromBounds(joined[^1].Range.Offset, extent.Range.End), extent.Kind);
            else
                joined.Add(extent);
        }
        return joined;
    }

    /// <summary>Fails where something that is said to be zero is not.</summary>
    public static async Task CheckExtentsAsync(this IBlockDevice device, ByteRange range, byte[] content)
    {
        foreach (var extent in await device.ListExtentsAsync(range))
        {
            if (extent.Kind.HasFlag(ExtentKind.Zero))
            {
                var bytes = content.AsSpan((int)extent.Range.Offset, (int)extent.Range.Length);
                Assert.False(bytes.ContainsAnyExcept((byte)0), $"{extent} holds something else");
            }
        }
    }
}
