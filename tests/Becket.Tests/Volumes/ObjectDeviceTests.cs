using System.Buffers;
using Becket.Blocks;
using Becket.Objects;
using Becket.Tests.Objects;
using Becket.Volumes;

namespace Becket.Tests.Volumes;

public sealed class ObjectDeviceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _bytes = new byte[100_001];

    public ObjectDeviceTests()
    {
        new Random(1).NextBytes(_bytes);
        File.WriteAllBytes(_folder["disk.img"], _bytes);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_device_is_as_large_as_its_object_and_read_only()
    {
        await using var device = await OpenAsync("disk.img");
        Assert.Equal(100_001, device.Info.Size);
        Assert.True(device.Info.IsReadOnly);
        Assert.True(device.Info.Has(BlockDeviceFeatures.MultiConnection));
        Assert.Equal(_folder["disk.img"], device.Info.Description);
        Assert.Equal("disk.img", device.Object.Key);
        Assert.NotNull(device.Object.ETag);
        var e = await Assert.ThrowsAsync<BlockDeviceException>(
            () => device.WriteAsync(0, new byte[1], WriteOptions.None, Cancelled).AsTask());
        Assert.Equal(BlockError.ReadOnly, e.Error);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 100_001)]
    [InlineData(100_000, 1)]
    [InlineData(511, 70_000)]
    [InlineData(5, 0)]
    public async Task A_read_fills_the_whole_buffer(int offset, int length)
    {
        await using var device = await OpenAsync("disk.img");
        var buffer = new byte[length];
        await device.ReadAsync(offset, buffer, Cancelled);
        Assert.Equal(_bytes[offset..(offset + length)], buffer);
    }

    [Fact]
    public async Task A_read_goes_to_the_store_once_with_its_range()
    {
        var faulty = FaultyObjectStore.Scripted(new FolderObjectStore(_folder.Path));
        await using var device = await ObjectDevice.OpenAsync(faulty, "disk.img", versionId: null, Cancelled);
        await device.ReadAsync(4096, new byte[8192], Cancelled);
        Assert.Equal([new StoreCall("HEAD", "disk.img"), new StoreCall("GET", "disk.img", new ObjectRange(4096, 8192))], faulty.Calls);
        Assert.Equal(0, faulty.OpenBodies);
    }

    [Fact]
    public async Task A_replaced_object_is_an_error_that_names_object_and_range()
    {
        await using var device = await OpenAsync("disk.img");
        await new FolderObjectStore(_folder.Path).PutAsync("disk.img", new ReadOnlySequence<byte>(_bytes), PutCondition.Always, Cancelled);
        var e = await Assert.ThrowsAsync<BlockDeviceException>(() => device.ReadAsync(10, new byte[5], Cancelled).AsTask());
        Assert.Equal(BlockError.Io, e.Error);
        Assert.False(e.IsTransient);
        Assert.Contains("bytes 10-14", e.Message);
        Assert.Contains(_folder["disk.img"], e.Message);
        Assert.Contains("replaced", e.Message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_that_is_too_short_is_an_error_and_no_data(bool announced)
    {
        var faulty = FaultyObjectStore.Scripted(new FolderObjectStore(_folder.Path), null, announced ? Fault.Break(3) : Fault.Cut(3));
        await using var device = await ObjectDevice.OpenAsync(faulty, "disk.img", versionId: null, Cancelled);
        var e = await Assert.ThrowsAsync<BlockDeviceException>(() => device.ReadAsync(10, new byte[5], Cancelled).AsTask());
        Assert.Equal(BlockError.Io, e.Error);
        Assert.Equal(0, faulty.OpenBodies);
    }

    [Fact]
    public async Task An_object_that_is_not_there_is_an_error_that_names_it()
    {
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => OpenAsync("nothing").AsTask());
        Assert.Equal(ObjectStoreError.NotFound, e.Error);
        Assert.Contains(_folder["nothing"], e.Message);
    }

    [Fact]
    public async Task An_empty_object_is_refused()
    {
        await File.WriteAllBytesAsync(_folder["empty"], [], Cancelled);
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => OpenAsync("empty").AsTask());
        Assert.Equal(ObjectStoreError.Invalid, e.Error);
        Assert.Contains("is empty", e.Message);
    }

    [Fact]
    public async Task An_empty_key_is_refused()
    {
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => OpenAsync("").AsTask());
        Assert.Equal(ObjectStoreError.Invalid, e.Error);
    }

    private ValueTask<ObjectDevice> OpenAsync(string key) =>
        ObjectDevice.OpenAsync(new FolderObjectStore(_folder.Path), key, versionId: null, Cancelled);
}
