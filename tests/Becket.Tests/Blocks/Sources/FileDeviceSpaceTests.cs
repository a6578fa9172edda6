using Becket.Blocks;
using Becket.Blocks.Sources;

namespace Becket.Tests.Blocks.Sources;

/// <summary>Holes, zeroes and a file that loses its end.</summary>
public sealed class FileDeviceSpaceTests : IDisposable
{
    private const int Unit = 65536; // a multiple of every filesystem's block
    private const ExtentKind Hole = ExtentKind.Hole | ExtentKind.Zero;

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_holes_of_a_file_are_its_extents()
    {
        var path = _folder.AddHole(8 * Unit);
        await using (var file = File.OpenWrite(path))
        {
            file.Position = 3 * Unit;
            await file.WriteAsync(Noise(Unit), Token);
        }
        await using var device = FileDevice.Open(path, FileAccess.Read);
        Assert.Equal(
            [(Hole, 0, 3 * Unit), (ExtentKind.Data, 3 * Unit, Unit), (Hole, 4 * Unit, 4 * Unit)],
            await ExtentsAsync(device, 0, 8 * Unit));
        Assert.Equal([(Hole, 100, 200)], await ExtentsAsync(device, 100, 200));
        Assert.Equal([(ExtentKind.Data, 3 * Unit + 1, 5)], await ExtentsAsync(device, 3 * Unit + 1, 5));
        Assert.Equal([(Hole, 5 * Unit, 3 * Unit)], await ExtentsAsync(device, 5 * Unit, 3 * Unit)); // no data up to the end
    }

    [Fact]
    public async Task Zeroing_that_may_trim_makes_a_hole()
    {
        await using var device = FileDevice.Open(_folder.AddFile(Noise(4 * Unit)), FileAccess.ReadWrite);
        await device.ZeroAsync(new ByteRange(Unit, 2 * Unit), WriteOptions.MayTrim, Token);
        Assert.Equal(
            [(ExtentKind.Data, 0, Unit), (Hole, Unit, 2 * Unit), (ExtentKind.Data, 3 * Unit, Unit)],
            await ExtentsAsync(device, 0, 4 * Unit));
    }

    [Fact]
    public async Task Zeroing_that_may_not_trim_keeps_the_space()
    {
        var path = _folder.AddFile(Noise(4 * Unit));
        await using var device = FileDevice.Open(path, FileAccess.ReadWrite);
        await device.FlushAsync(Token);
        var before = AllocatedBlocks(path);
        await device.ZeroAsync(new ByteRange(0, 4 * Unit), WriteOptions.Durable, Token);
        Assert.True(AllocatedBlocks(path) >= before, "space was given back");
        var content = new byte[4 * Unit];
        await device.ReadAsync(0, content, Token);
        SameBytes.Check(new byte[4 * Unit], content);
    }

    [Fact]
    public async Task Trimming_gives_space_back_and_keeps_the_size()
    {
        var path = _folder.AddFile(Noise(4 * Unit));
        await using var device = FileDevice.Open(path, FileAccess.ReadWrite);
        await device.FlushAsync(Token);
        var before = AllocatedBlocks(path);
        await device.TrimAsync(new ByteRange(0, 4 * Unit), WriteOptions.Durable, Token);
        Assert.True(AllocatedBlocks(path) < before, "no space was given back");
        Assert.Equal(4 * Unit, new FileInfo(path).Length);
    }

    [Fact]
    public async Task A_file_cut_off_under_its_reader_is_an_error_that_names_it_and_never_zeroes()
    {
        var content = Noise(4 * Unit);
        var path = _folder.AddFile(content);
        await using var device = FileDevice.Open(path, FileAccess.Read);
        Cut(path, Unit + 100);

        var kept = new byte[Unit + 100];
        await device.ReadAsync(0, kept, Token);
        SameBytes.Check(content.AsSpan(0, Unit + 100), kept);
        Assert.False(device.TryRead(Unit, new byte[200]));
        await AssertTruncatedAsync(path, () => device.ReadAsync(Unit, new byte[200], Token)); // a part is still there
        await AssertTruncatedAsync(path, () => device.ReadAsync(3 * Unit, new byte[200], Token));
    }

    [Fact]
    public async Task The_missing_end_of_a_cut_file_is_not_described_as_a_hole()
    {
        var path = _folder.AddFile(Noise(4 * Unit));
        await using var device = FileDevice.Open(path, FileAccess.Read);
        Cut(path, Unit);
        var seen = new List<Extent>();
        await AssertTruncatedAsync(path, async () =>
        {
            await foreach (var extent in device.GetExtentsAsync(new ByteRange(0, 4 * Unit), Token))
                seen.Add(extent);
        });
        Assert.All(seen, extent => Assert.Equal(ExtentKind.Data, extent.Kind));
    }

    [Fact]
    public async Task A_cut_file_is_not_changed_any_more_and_does_not_grow_again()
    {
        var path = _folder.AddFile(Noise(4 * Unit));
        await using var device = FileDevice.Open(path, FileAccess.ReadWrite);
        Cut(path, Unit);
        var range = new ByteRange(3 * Unit, 100);
        await AssertTruncatedAsync(path, () => device.WriteAsync(range.Offset, new byte[100], WriteOptions.None, Token));
        await AssertTruncatedAsync(path, () => device.ZeroAsync(range, WriteOptions.None, Token));
        await AssertTruncatedAsync(path, () => device.TrimAsync(range, WriteOptions.None, Token));
        Assert.Equal(Unit, new FileInfo(path).Length);
    }

    private static async Task AssertTruncatedAsync(string path, Func<ValueTask> call)
    {
        var failure = await Assert.ThrowsAsync<BlockDeviceException>(async () => await call());
        Assert.Equal(BlockError.Io, failure.Error);
        Assert.StartsWith($"{path} has become shorter since it was opened", failure.Message, StringComparison.Ordinal);
    }

    private static void Cut(string path, long size)
    {
        using var file = File.OpenWrite(path);
        file.SetLength(size);
    }

    /// <summary>Blocks of 512 bytes that the file takes, as <c>stat</c> counts them.</summary>
    private static long AllocatedBlocks(string path) =>
        long.Parse(Shell.Run("stat", "-c", "%b", path)!, System.Globalization.CultureInfo.InvariantCulture);

    private static byte[] Noise(int length)
    {
        var noise = new byte[length];
        new Random(1).NextBytes(noise);
        return noise;
    }

    private static async Task<IEnumerable<(ExtentKind, int, int)>> ExtentsAsync(IBlockDevice device, long offset, long length) =>
        (await device.ListJoinedExtentsAsync(new ByteRange(offset, length)))
            .Select(extent => (extent.Kind, (int)extent.Range.Offset, (int)extent.Range.Length));
}
