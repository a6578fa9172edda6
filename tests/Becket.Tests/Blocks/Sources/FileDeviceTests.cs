using Becket.Blocks;
using Becket.Blocks.Sources;

namespace Becket.Tests.Blocks.Sources;

/// <summary>A file that can be changed.</summary>
public class FileDeviceTests : WritableDeviceContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    protected override int Sequences => 20;

    protected override ValueTask<IBlockDevice> OpenAsync(byte[] content) =>
        ValueTask.FromResult<IBlockDevice>(FileDevice.Open(_folder.AddFile(content), FileAccess.ReadWrite));

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task What_was_written_is_in_the_file()
    {
        var path = _folder.AddFile(new byte[10]);
        await using (var device = FileDevice.Open(path, FileAccess.ReadWrite))
            await device.WriteAsync(8, new byte[] { 1, 2 }, WriteOptions.Durable, Token);
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 1, 2], await File.ReadAllBytesAsync(path, Token));
    }

    [Fact]
    public async Task Bytes_that_were_just_read_are_answered_on_the_spot()
    {
        var path = _folder.AddFile(NewContent());
        Assert.SkipWhen(new DriveInfo(path).DriveFormat == "tmpfs", "tmpfs cannot be asked without waiting");
        await using var device = FileDevice.Open(path, FileAccess.Read);
        var buffer = new byte[10_000];
        await device.ReadAsync(5, buffer, Token);
        Assert.True(device.TryRead(5, buffer));
    }

    [Fact]
    public async Task A_link_opens_what_it_points_to()
    {
        var link = _folder.NewPath();
        File.CreateSymbolicLink(link, _folder.AddFile([1, 2, 3]));
        await using var device = FileDevice.Open(link, FileAccess.Read);
        Assert.Equal([1, 2, 3], await ReadAllAsync(device));
    }

    [Fact]
    public async Task An_empty_file_is_a_disk_of_no_bytes()
    {
        await using var device = FileDevice.Open(_folder.AddFile([]), FileAccess.ReadWrite);
        Assert.Equal(0, device.Info.Size);
        await device.ReadAsync(0, Memory<byte>.Empty, Token);
        Assert.Empty(await device.ListExtentsAsync(new ByteRange(0, 0)));
    }

    [Fact]
    public async Task A_file_that_grows_keeps_its_size_as_a_disk()
    {
        var path = _folder.AddFile([1, 2, 3]);
        await using var device = FileDevice.Open(path, FileAccess.ReadWrite);
        await File.AppendAllTextAsync(path, "more", Token);
        Assert.Equal(3, device.Info.Size);
        Assert.Equal([1, 2, 3], await ReadAllAsync(device));
        await device.WriteAsync(2, new byte[] { 4 }, WriteOptions.None, Token);
        Assert.Equal([1, 2, 4, .. "more"u8], await File.ReadAllBytesAsync(path, Token));
    }
}

/// <summary>A file that is opened for reading only.</summary>
public sealed class ReadOnlyFileDeviceTests : ReadOnlyDeviceContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    protected override ValueTask<IBlockDevice> OpenAsync(byte[] content) =>
        ValueTask.FromResult<IBlockDevice>(FileDevice.Open(_folder.AddFile(content), FileAccess.Read));

    public void Dispose() => _folder.Dispose();
}

/// <summary>A file whose zeroes are holes.</summary>
public sealed class SparseFileDeviceTests : FileDeviceTests
{
    protected override async ValueTask<IBlockDevice> OpenAsync(byte[] content)
    {
        var device = await base.OpenAsync(content);
        await device.TrimAsync(new ByteRange(65536, 131072), WriteOptions.None, Token);
        return device;
    }
}
