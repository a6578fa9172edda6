using Becket.Blocks;

namespace Becket.Tests.Blocks;

/// <summary>
/// What every device promises a reader. A device's own test class inherits one of the two that inherit this:
/// <see cref="ReadOnlyDeviceContract"/> or <see cref="WritableDeviceContract"/>.
/// </summary>
public abstract class BlockDeviceContract
{
    /// <summary>Bytes of the device under test; odd, so that its last block is a short one, unless that is not possible.</summary>
    protected virtual int Size => 300_001;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A new device that holds these bytes and takes any offset and length.</summary>
    protected abstract ValueTask<IBlockDevice> OpenAsync(byte[] content);

    /// <summary>Noise with two stretches of zeroes, one of them long enough to be a hole anywhere.</summary>
    protected byte[] NewContent(int seed = 1)
    {
        var content = new byte[Size];
        new Random(seed).NextBytes(content);
        content.AsSpan(65536, 131072).Clear();
        content.AsSpan(250_000, 3000).Clear();
        return content;
    }

    /// <summary>Places where devices like to be wrong: their ends and the edges of sectors, pages and larger units.</summary>
    public static TheoryData<int, int> Places => new()
    {
        { 0, 1 }, { 0, 512 }, { 0, 4096 }, { 0, 300_001 }, { 1, 1 }, { 511, 2 }, { 512, 512 }, { 100, 4000 }, { 4095, 4098 },
        { 65535, 1 }, { 65535, 2 }, { 65536, 65536 }, { 65000, 70_000 }, { 131_071, 140_000 }, { 299_999, 2 }, { 300_000, 1 },
    };

    [Theory]
    [MemberData(nameof(Places))]
    public async Task A_read_fills_the_whole_buffer_with_the_content(int offset, int length)
    {
        var content = NewContent();
        await using var device = await OpenAsync(content);
        length = Math.Min(length, Size - offset);
        var buffer = new byte[length];
        await device.ReadAsync(offset, buffer, Token);
        SameBytes.Check(content.AsSpan(offset, length), buffer);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task An_answer_on_the_spot_is_the_same_as_the_one_that_waits(int offset, int length)
    {
        var content = NewContent();
        await using var device = await OpenAsync(content);
        length = Math.Min(length, Size - offset);
        var buffer = new byte[length];
        await device.ReadAsync(offset, buffer, Token); // now it may be cached
        buffer.AsSpan().Fill(0x55);
        if (device.TryRead(offset, buffer))
            SameBytes.Check(content.AsSpan(offset, length), buffer);
    }

    [Fact]
    public async Task A_read_leaves_the_bytes_around_the_buffer_alone()
    {
        var content = NewContent();
        await using var device = await OpenAsync(content);
        var memory = new byte[3000];
        memory.AsSpan().Fill(0xAA);
        await device.ReadAsync(777, memory.AsMemory(1000, 1000), Token);
        Assert.False(memory.AsSpan(0, 1000).ContainsAnyExcept((byte)0xAA));
        SameBytes.Check(content.AsSpan(777, 1000), memory.AsSpan(1000, 1000));
        Assert.False(memory.AsSpan(2000).ContainsAnyExcept((byte)0xAA));
    }

    [Fact]
    public async Task A_read_of_nothing_succeeds_anywhere()
    {
        await using var device = await OpenAsync(NewContent());
        foreach (var offset in new[] { 0, 1, 4096, Size })
        {
            await device.ReadAsync(offset, Memory<byte>.Empty, Token);
            device.TryRead(offset, []);
        }
    }

    [Fact]
    public async Task The_device_has_the_size_of_its_content_and_no_rule_of_alignment()
    {
        await using var device = await OpenAsync(NewContent());
        Assert.Equal(Size, device.Info.Size);
        Assert.Equal(1, device.Info.MinimumBlock);
        Assert.NotEmpty(device.Info.Description);
    }

    [Fact]
    public async Task A_try_does_not_allocate()
    {
        await using var device = await OpenAsync(NewContent());
        var buffer = new byte[4096];
        await device.ReadAsync(4096, buffer, Token);
        device.TryRead(4096, buffer); // the first one may set things up
        device.TryRead(4000, buffer);

        // A collection at the wrong moment blurs the count, so it is the best of several that counts.
        Assert.Equal(0, Enumerable.Range(0, 10).Select(_ => AllocatedByTries()).ToArray().Min());

        long AllocatedByTries()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 10; i++)
            {
                device.TryRead(4096, buffer);
                device.TryRead(4000, buffer);
            }
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public async Task Many_readers_at_once_all_get_the_content()
    {
        var content = NewContent();
        await using var device = await OpenAsync(content);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(seed => Task.Run(() => ReadAtRandomAsync(seed), Token)));

        async Task ReadAtRandomAsync(int seed)
        {
            var random = new Random(seed);
            for (var i = 0; i < 50; i++)
            {
                var offset = random.Next(Size);
                var buffer = new byte[random.Next(Math.Min(20_000, Size - offset))];
                if (!device.TryRead(offset, buffer))
                    await device.ReadAsync(offset, buffer, Token);
                SameBytes.Check(content.AsSpan(offset, buffer.Length), buffer);
            }
        }
    }

    [Fact]
    public async Task A_read_that_was_cancelled_before_it_began_ends_as_cancelled()
    {
        await using var device = await OpenAsync(NewContent());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await device.ReadAsync(0, new byte[100], new CancellationToken(canceled: true)));
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Extents_are_gapless_ascending_clipped_and_true(int offset, int length)
    {
        var content = NewContent();
        await using var device = await OpenAsync(content);
        await device.CheckExtentsAsync(new ByteRange(offset, Math.Min(length, Size - offset)), content);
    }

    [Fact]
    public async Task An_empty_range_has_no_extents()
    {
        await using var device = await OpenAsync(NewContent());
        Assert.Empty(await device.ListExtentsAsync(new ByteRange(100, 0)));
        Assert.Empty(await device.ListExtentsAsync(new ByteRange(Size, 0)));
    }

    [Fact]
    public async Task A_prefetch_changes_nothing_that_can_be_read()
    {
        var content = NewContent();
        await using var device = await OpenAsync(content);
        await device.PrefetchAsync(new ByteRange(0, 0), Token);
        await device.PrefetchAsync(new ByteRange(1, 100), Token);
        await device.PrefetchAsync(new ByteRange(0, Size), Token);
        await AssertHoldsAsync(content, device);
    }

    [Fact]
    public async Task A_flush_succeeds()
    {
        await using var device = await OpenAsync(NewContent());
        await device.FlushAsync(Token);
    }

    protected static async Task AssertHoldsAsync(byte[] content, IBlockDevice device)
    {
        var bytes = await ReadAllAsync(device);
        SameBytes.Check(content, bytes);
    }

    protected static async Task<byte[]> ReadAllAsync(IBlockDevice device)
    {
        var bytes = new byte[device.Info.Size];
        await device.ReadAsync(0, bytes, Token);
        return bytes;
    }
}
