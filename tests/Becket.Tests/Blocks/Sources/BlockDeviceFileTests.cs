using Becket.Blocks;
using Becket.Blocks.Sources;

namespace Becket.Tests.Blocks.Sources;

/// <summary>One block device for all tests of the class, as making one takes a while.</summary>
public sealed class LoopDisk : IAsyncDisposable
{
    public const int Size = 600 * 512;

    private readonly TemporaryFolder _folder = new();
    private readonly Lazy<LoopDevice> _loop;

    public LoopDisk() => _loop = new Lazy<LoopDevice>(() => LoopDevice.Attach(_folder.AddHole(Size)));

    /// <summary>Skips the test where there are none.</summary>
    public string Path
    {
        get
        {
            LoopDevice.SkipUnlessPossible();
            return _loop.Value.Path;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_loop.IsValueCreated)
            await _loop.Value.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>A real block device, which has other rules than a file: its size, its holes, its blocks.</summary>
public sealed class BlockDeviceFileTests(LoopDisk disk) : WritableDeviceContract, IClassFixture<LoopDisk>
{
    private readonly string _path = disk.Path;

    protected override int Size => LoopDisk.Size;

    protected override int Sequences => 10;

    /// <summary>Every device is over the same disk, so the content is written anew.</summary>
    protected override async ValueTask<IBlockDevice> OpenAsync(byte[] content)
    {
        var device = FileDevice.Open(_path, FileAccess.ReadWrite);
        await device.WriteAsync(0, content, WriteOptions.None, Token);
        return device;
    }

    [Fact]
    public async Task It_does_not_claim_to_know_its_holes()
    {
        await using var device = await OpenAsync(new byte[Size]);
        Assert.False(device.Info.Has(BlockDeviceFeatures.Extents));
        Assert.Equal([new Extent(new ByteRange(0, Size), ExtentKind.Data)], await device.ListExtentsAsync(new ByteRange(0, Size)));
    }

    [Fact]
    public async Task Writes_that_the_kernel_lost_fail_the_flush_and_every_later_one()
    {
        using var small = MountedFolder.Mount(64 * 1024);
        var image = Path.Combine(small.Path, "image");
        await using (var file = File.Create(image))
            file.SetLength(1024 * 1024);
        await File.WriteAllBytesAsync(Path.Combine(small.Path, "filler"), NewContent().AsMemory(0, 64 * 1024), Token);
        await using var loop = LoopDevice.Attach(image);
        await using var device = FileDevice.Open(loop.Path, FileAccess.ReadWrite);
        await device.WriteAsync(0, NewContent(), WriteOptions.None, Token); // into the page cache
        var first = await Assert.ThrowsAsync<BlockDeviceException>(async () => await device.FlushAsync(Token));
        var second = await Assert.ThrowsAsync<BlockDeviceException>(async () => await device.FlushAsync(Token));
        Assert.Contains("some are lost", first.Message, StringComparison.Ordinal);
        Assert.Equal(first.Message, second.Message);
        await Assert.ThrowsAsync<BlockDeviceException>(async () => await device.WriteAsync(0, new byte[1], WriteOptions.Durable, Token));
    }
}

/// <summary>Filesystems that are full or read-only.</summary>
public sealed class FullFilesystemTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_full_filesystem_is_no_space_and_names_the_file()
    {
        using var small = MountedFolder.Mount(64 * 1024);
        var path = Path.Combine(small.Path, "disk.img");
        await using (var file = File.Create(path))
            file.SetLength(1024 * 1024);
        await using var device = FileDevice.Open(path, FileAccess.ReadWrite);
        var noise = new byte[1024 * 1024];
        new Random(1).NextBytes(noise);
        var written = await Assert.ThrowsAsync<BlockDeviceException>(
            async () => await device.WriteAsync(0, noise, WriteOptions.None, Token));
        Assert.Equal(BlockError.NoSpace, written.Error);
        Assert.Equal($"{path}: cannot write [0, 1048576): no space left on its filesystem", written.Message);
        var zeroed = await Assert.ThrowsAsync<BlockDeviceException>(
            async () => await device.ZeroAsync(new ByteRange(0, 1024 * 1024), WriteOptions.None, Token));
        Assert.Equal(BlockError.NoSpace, zeroed.Error);
    }

    [Fact]
    public async Task A_read_only_filesystem_refuses_writing_and_allows_reading()
    {
        using var small = MountedFolder.Mount(64 * 1024);
        var path = Path.Combine(small.Path, "disk.img");
        await File.WriteAllBytesAsync(path, [1, 2, 3], Token);
        small.MakeReadOnly();
        var refusal = Assert.Throws<BlockDeviceException>(() => FileDevice.Open(path, FileAccess.ReadWrite));
        Assert.Equal(BlockError.ReadOnly, refusal.Error);
        Assert.Contains("the filesystem or device is read-only", refusal.Message, StringComparison.Ordinal);
        await using var device = FileDevice.Open(path, FileAccess.Read);
        var content = new byte[3];
        await device.ReadAsync(0, content, Token);
        Assert.Equal([1, 2, 3], content);
    }

    [Fact]
    public async Task A_filesystem_that_cannot_answer_without_waiting_still_answers()
    {
        using var small = MountedFolder.Mount(64 * 1024);
        var path = Path.Combine(small.Path, "disk.img");
        await File.WriteAllBytesAsync(path, [1, 2, 3], Token);
        await using var device = FileDevice.Open(path, FileAccess.ReadWrite);
        var content = new byte[3];
        if (!device.TryRead(0, content))
            await device.ReadAsync(0, content, Token);
        Assert.Equal([1, 2, 3], content);
        await Assert.ThrowsAsync<BlockDeviceException>(
            async () => await device.ZeroAsync(new ByteRange(0, 3), WriteOptions.FastOnly, Token)); // tmpfs only makes holes
        await device.ZeroAsync(new ByteRange(0, 2), WriteOptions.None, Token);
        await device.ReadAsync(0, content, Token);
        Assert.Equal([0, 0, 3], content);
    }
}
