using Becket.Blocks;
using Becket.Tests.Blocks;
using static Becket.Blocks.Caching.CacheGeometry;

namespace Becket.Tests.Stack;

/// <summary>A client of a device: reads, hints and asks for extents at random, and checks every answer against the known bytes.</summary>
/// <param name="device">The device.</param>
/// <param name="content">Its bytes.</param>
/// <param name="seed">What it does.</param>
internal sealed class ModelReader(IBlockDevice device, byte[] content, int seed)
{
    private const byte Left = 0x5A;

    private readonly Random _random = new(seed);
    private readonly List<byte[]> _abandoned = [];

    /// <summary>Reads that failed, the cancelled ones left out.</summary>
    public int Failures { get; private set; }

    public async Task RunAsync(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            var (offset, length) = NextRange();
            switch (_random.Next(20))
            {
                case < 13:
                    await ReadAsync(offset, length, CancellationToken.None);
                    break;
                case < 15:
                    using (var leaving = new CancellationTokenSource())
                    {
                        var read = ReadAsync(offset, length, leaving.Token);
                        for (var i = _random.Next(4); i > 0; i--)
                            await Task.Yield();
                        await leaving.CancelAsync();
                        await read;
                    }
                    break;
                case < 17:
                    await device.PrefetchAsync(new ByteRange(offset, length), CancellationToken.None);
                    break;
                case < 19:
                    await CheckExtentsAsync(new ByteRange(offset, length));
                    break;
                default:
                    _ = device.MayHaveZeroes(new ByteRange(offset, length));
                    break;
            }
        }
    }

    /// <summary>Fails if a read that had failed or was cancelled wrote into its buffer afterwards.</summary>
    public void CheckAbandoned() => Assert.All(_abandoned, static buffer => Assert.False(buffer.AsSpan().ContainsAnyExcept(Left)));

    private (long Offset, int Length) NextRange()
    {
        var offset = _random.Next(content.Length);
        var length = 1 + _random.Next(_random.Next(4) switch { 0 => 600_000, 1 => Piece, _ => 10_000 });
        if (_random.Next(2) == 0)
            (offset, length) = (offset / Block * Block, (length + Block - 1) / Block * Block);
        return (offset, Math.Min(length, content.Length - offset));
    }

    private async Task CheckExtentsAsync(ByteRange range)
    {
        try
        {
            await device.CheckExtentsAsync(range, content);
        }
        catch (ObjectDisposedException)
        {
            Failures++; // the device was closed meanwhile
        }
    }

    private async Task ReadAsync(long offset, int length, CancellationToken cancellationToken)
    {
        var buffer = new byte[length];
        try
        {
            if (!device.TryRead(offset, buffer))
                await device.ReadAsync(offset, buffer, cancellationToken);
        }
        catch (Exception e) when (
            e is BlockDeviceException || (e is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            if (e is BlockDeviceException)
                Failures++;
            buffer.AsSpan().Fill(Left);
            _abandoned.Add(buffer);
            return;
        }
        SameBytes.Check(content.AsSpan((int)offset, length), buffer);
    }
}
