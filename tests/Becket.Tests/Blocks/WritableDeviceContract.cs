using Becket.Blocks;
using CsCheck;

namespace Becket.Tests.Blocks;

/// <summary>What a device that can be changed promises besides.</summary>
public abstract class WritableDeviceContract : BlockDeviceContract
{
    /// <summary>How many random sequences of calls to try; fewer where a device is expensive to make.</summary>
    protected virtual int Sequences => 40;

    [Theory]
    [MemberData(nameof(Places))]
    public async Task What_was_written_is_read_back_and_nothing_else_has_changed(int offset, int length)
    {
        var content = NewContent();
        await using var device = await OpenAsync(content);
        var data = NewContent(2).AsMemory(offset, Math.Min(length, Size - offset));
        await device.WriteAsync(offset, data, WriteOptions.None, Token);
        data.CopyTo(content.AsMemory(offset));
        await AssertHoldsAsync(content, device);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task What_was_zeroed_reads_as_zeroes_and_nothing_else_has_changed(int offset, int length)
    {
        foreach (var options in new[] { WriteOptions.None, WriteOptions.MayTrim, WriteOptions.Durable | WriteOptions.MayTrim })
        {
            var content = NewContent();
            await using var device = await OpenAsync(content);
            var range = new ByteRange(offset, Math.Min(length, Size - offset));
            await device.ZeroAsync(range, options, Token);
            content.AsSpan((int)range.Offset, (int)range.Length).Clear();
            await AssertHoldsAsync(content, device);
            await device.CheckExtentsAsync(new ByteRange(0, Size), content);
        }
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Zeroing_that_must_be_fast_is_done_or_refused_without_a_change(int offset, int length)
    {
        foreach (var options in new[] { WriteOptions.FastOnly, WriteOptions.FastOnly | WriteOptions.MayTrim })
        {
            var content = NewContent();
            await using var device = await OpenAsync(content);
            var range = new ByteRange(offset, Math.Min(length, Size - offset));
            try
            {
                await device.ZeroAsync(range, options, Token);
                content.AsSpan((int)range.Offset, (int)range.Length).Clear();
            }
            catch (BlockDeviceException e)
            {
                Assert.Equal(BlockError.NotSupported, e.Error);
            }
            await AssertHoldsAsync(content, device);
        }
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task A_trim_changes_nothing_outside_its_range(int offset, int length)
    {
        var content = NewContent();
        await using var device = await OpenAsync(content);
        length = Math.Min(length, Size - offset);
        await device.TrimAsync(new ByteRange(offset, length), WriteOptions.None, Token);
        var after = await ReadAllAsync(device);
        SameBytes.Check(content.AsSpan(0, offset), after.AsSpan(0, offset));
        SameBytes.Check(content.AsSpan(offset + length), after.AsSpan(offset + length));
    }

    [Fact]
    public async Task A_trimmed_range_can_be_written_again()
    {
        var content = NewContent();
        await using var device = await OpenAsync(content);
        await device.TrimAsync(new ByteRange(0, Size), WriteOptions.Durable, Token);
        await device.WriteAsync(0, content, WriteOptions.None, Token);
        await AssertHoldsAsync(content, device);
    }

    [Fact]
    public async Task Changes_of_nothing_succeed_and_change_nothing()
    {
        var content = NewContent();
        await using var device = await OpenAsync(content);
        foreach (var offset in new[] { 0, 1, 4096, Size })
        {
            await device.WriteAsync(offset, ReadOnlyMemory<byte>.Empty, WriteOptions.Durable, Token);
            await device.ZeroAsync(new ByteRange(offset, 0), WriteOptions.None, Token);
            await device.ZeroAsync(new ByteRange(offset, 0), WriteOptions.MayTrim, Token);
            await device.TrimAsync(new ByteRange(offset, 0), WriteOptions.None, Token);
        }
        await AssertHoldsAsync(content, device);
    }

    [Fact]
    public async Task Changes_that_were_cancelled_before_they_began_change_nothing()
    {
        var content = NewContent();
        await using var device = await OpenAsync(content);
        var cancelled = new CancellationToken(canceled: true);
        var range = new ByteRange(100, 100_000);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await device.WriteAsync(100, new byte[100_000], WriteOptions.None, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await device.ZeroAsync(range, WriteOptions.None, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await device.TrimAsync(range, WriteOptions.None, cancelled));
        await AssertHoldsAsync(content, device);
    }

    [Fact]
    public async Task The_writer_may_use_its_buffer_again_when_the_write_is_complete()
    {
        var content = NewContent();
        await using var device = await OpenAsync(content);
        var buffer = NewContent(2);
        var expected = buffer.ToArray();
        await device.WriteAsync(0, buffer, WriteOptions.None, Token);
        buffer.AsSpan().Fill(0xFF);
        await AssertHoldsAsync(expected, device);
    }

    [Fact]
    public Task Random_calls_agree_with_an_array_of_bytes() => DeviceCall.Sequence(Size).SampleAsync(
        async calls =>
        {
            var model = NewContent();
            await using var device = await OpenAsync(model.ToArray());
            foreach (var call in calls)
                await call.RunAsync(device, model, Token);
            await AssertHoldsAsync(model, device);
        },
        iter: Sequences,
        threads: 1,
        print: calls => string.Join(Environment.NewLine, calls));

    /// <summary>
    /// The device is cut into pieces at random places, so that neighbours share sectors and pages. Every piece belongs to
    /// one of several writers, which all write at once; readers meanwhile may see only what some writer put there.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Writers_of_neighbouring_pieces_do_not_lose_one_another(int seed)
    {
        const int writers = 6;
        var random = new Random(seed);
        await using var device = await OpenAsync(new byte[Size]);
        var pieces = new List<ByteRange>();
        for (long start = 0; start < Size;)
        {
            var length = random.Next(4) == 0 ? 512 * random.Next(1, 8) : random.Next(1, 1500);
            pieces.Add(ByteRange.FromBounds(start, Math.Min(start + length, Size)));
            start = pieces[^1].End;
        }
        var owned = pieces.Select((piece, i) => (piece, owner: random.Next(writers), last: (byte)(1 + i % 200))).ToList();
        using var written = new CancellationTokenSource();

        var reading = Task.Run(ReadWhileWritingAsync, Token);
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(() => WriteAsync(writer), Token)));
        await written.CancelAsync();
        await reading;

        var final = await ReadAllAsync(device);
        foreach (var (piece, _, last) in owned)
            Assert.False(final.AsSpan((int)piece.Offset, (int)piece.Length).ContainsAnyExcept(last), $"{piece} was lost");

        async Task WriteAsync(int writer)
        {
            var order = owned.Where(o => o.owner == writer).ToArray();
            new Random(seed * 100 + writer).Shuffle(order);
            foreach (var (piece, _, last) in order)
            {
                await device.WriteAsync(piece.Offset, Filled(piece, 0xFE), WriteOptions.None, Token);
                await device.ZeroAsync(piece, WriteOptions.MayTrim, Token);
                await device.WriteAsync(piece.Offset, Filled(piece, last), WriteOptions.None, Token);
            }
        }

        async Task ReadWhileWritingAsync()
        {
            var buffer = new byte[1500];
            var places = new Random(seed);
            do
            {
                var (piece, _, last) = owned[places.Next(owned.Count)];
                var bytes = buffer.AsMemory(0, (int)Math.Min(piece.Length, 1500));
                await device.ReadAsync(piece.Offset, bytes, Token);
                Assert.False(bytes.Span.ContainsAnyExcept((byte)0, (byte)0xFE, last), $"{piece} held what nobody wrote");
            }
            while (!written.IsCancellationRequested);
        }
    }

    private static byte[] Filled(ByteRange piece, byte value)
    {
        var bytes = new byte[piece.Length];
        bytes.AsSpan().Fill(value);
        return bytes;
    }
}
