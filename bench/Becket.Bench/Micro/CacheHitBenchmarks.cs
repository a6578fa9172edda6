using Becket.Blocks;
using Becket.Blocks.Caching;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.Bench.Micro;

/// <summary>A read that the memory cache answers: no lock, no allocation, one copy.</summary>
[MemoryDiagnoser]
public class CacheHitBenchmarks : IAsyncDisposable
{
    private const int DiskSize = 64 * 1024 * 1024;
    private const int Hits = 1000;

    private readonly BlockCache _cache = new(2L * DiskSize, disk: null);
    private readonly byte[] _buffer = new byte[256 * 1024];
    private readonly long[] _offsets = new long[Hits];
    private CacheFilter _device = null!;

    [Params(4096, 128 * 1024)]
    public int Length { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _device = new CacheFilter(
            new NoiseSource(DiskSize), _cache, identity: null, new CacheSettings(), TimeProvider.System, NullLogger.Instance);
        for (long offset = 0; offset < DiskSize; offset += _buffer.Length)
            await _device.ReadAsync(offset, _buffer, CancellationToken.None);

        var random = new Random(1);
        for (var i = 0; i < Hits; i++)
            _offsets[i] = random.NextInt64(DiskSize / Length) * Length;
    }

    [Benchmark(OperationsPerInvoke = Hits)]
    public void Hit()
    {
        foreach (var offset in _offsets)
        {
            if (!_device.TryRead(offset, _buffer.AsSpan(0, Length)))
                throw new InvalidOperationException($"{offset} is not in memory");
        }
    }

    [GlobalCleanup]
    public async ValueTask DisposeAsync()
    {
        await _device.DisposeAsync();
        _cache.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Noise from memory, as a source.</summary>
    private sealed class NoiseSource : BlockDevice, IRangeSource
    {
        private readonly byte[] _content;

        public NoiseSource(int size)
        {
            _content = new byte[size];
            new Random(2).NextBytes(_content);
            Info = new BlockDeviceInfo { Size = size, Description = "noise" };
        }

        public override BlockDeviceInfo Info { get; }

        public ValueTask<Stream> OpenRangeAsync(ByteRange range, CancellationToken cancellationToken) =>
            ValueTask.FromResult<Stream>(new MemoryStream(_content, (int)range.Offset, (int)range.Length, writable: false));

        public override ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            _content.AsSpan((int)offset, buffer.Length).CopyTo(buffer.Span);
            return default;
        }
    }
}
