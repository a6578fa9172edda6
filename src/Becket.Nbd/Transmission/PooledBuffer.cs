using System.Buffers;

namespace Becket.Nbd.Transmission;

/// <summary>
/// Bytes rented from the shared pool. It has one owner at a time, who hands it on or disposes it; after that nobody
/// touches the memory again, because the pool gives it to somebody else.
/// </summary>
internal sealed class PooledBuffer : IDisposable
{
    private byte[]? _array;

    private PooledBuffer(byte[] array, int length)
    {
        _array = array;
        Length = length;
    }

    public int Length { get; }

    public Span<byte> Span => Array.AsSpan(0, Length);

    public Memory<byte> Memory => Array.AsMemory(0, Length);

    private byte[] Array => _array ?? throw new ObjectDisposedException(nameof(PooledBuffer));

    /// <summary>The content is undefined until it is written.</summary>
    public static PooledBuffer Rent(int length) => new(ArrayPool<byte>.Shared.Rent(length), length);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _array, null) is { } array)
            ArrayPool<byte>.Shared.Return(array);
    }

    /// <summary>
    /// Gives the memory to the garbage collector and not to the pool: the right end after an operation failed that may
    /// have left somebody behind who still writes into it (README, 8).
    /// </summary>
    public void Abandon() => Interlocked.Exchange(ref _array, null);
}
