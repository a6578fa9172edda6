using Becket.Blocks.Caching;
using Becket.Tests.Objects;
using static Becket.Blocks.Caching.CacheGeometry;

namespace Becket.Tests.Stack;

/// <summary>What one episode of the model is about; a seed's own.</summary>
internal sealed record ModelSetup
{
    private static readonly byte[] Noise = MakeNoise();

    public required byte[] Content { get; init; }

    /// <summary>Pieces that fit into memory; far fewer than the object has.</summary>
    public required int MemoryPieces { get; init; }

    /// <summary>Bytes of the disk cache; 0: none.</summary>
    public required long DiskLimit { get; init; }

    public required CacheSettings Cache { get; init; }

    /// <summary>The part of the GETs that something goes wrong with.</summary>
    public required double FaultRate { get; init; }

    public required int Readers { get; init; }

    public required int Steps { get; init; }

    public static ModelSetup Of(int seed)
    {
        var random = new Random(seed);
        var isLarge = seed % 100 == 50; // with the least memory that a server may have, and three times as much to read
        var pieces = isLarge ? 384 : random.Next(4, 48);
        return new ModelSetup
        {
            Content = NewContent(random, (pieces * Piece) - random.Next(Piece)),
            MemoryPieces = isLarge ? (int)(BlockCache.MinimumMemory / Piece) : random.Next(2, 20),
            DiskLimit = random.Next(4) switch { 0 => 0, 1 => 1 << 20, _ => 16 << 20 },
            Cache = new CacheSettings
            {
                Connections = random.Next(4) switch { 0 => 1, 1 => 2, _ => 16 },
                Zone = random.Next(3) switch { 0 => 0, 1 => 512 * 1024, _ => null },
                Readahead = random.Next(2) == 0 ? 0 : null,
                Thrift = random.Next(2) == 0 ? FetchThrift.Quick : FetchThrift.Thrifty,
                Prefetch = random.Next(4) switch { 0 => PrefetchMode.None, 1 => PrefetchMode.All, _ => PrefetchMode.Profile },
            },
            FaultRate = random.Next(3) switch { 0 => 0, 1 => 0.05, _ => 0.3 },
            Readers = random.Next(1, 7),
            Steps = random.Next(5, isLarge ? 60 : 25),
        };
    }

    /// <summary>Noise, pieces of zeroes, and pieces with some blocks of them.</summary>
    public static byte[] NewContent(Random random, int size)
    {
        var content = new byte[size];
        for (var start = 0; start < size; start += Piece)
        {
            var piece = content.AsSpan(start, Math.Min(Piece, size - start));
            var kind = random.Next(4);
            if (kind == 0)
                continue;
            Noise.AsSpan(random.Next(Noise.Length - Piece), piece.Length).CopyTo(piece);
            if (kind > 1)
                continue;
            for (var block = random.Next(Block); block < piece.Length; block += random.Next(1, 10 * Block))
                piece.Slice(block, Math.Min(random.Next(1, 3 * Block), piece.Length - block)).Clear();
        }
        return content;
    }

    /// <summary>What goes wrong with the next GET.</summary>
    public Fault? NextFault(Random random, StoreCall call)
    {
        if (call.Range is not { } range || random.NextDouble() >= FaultRate)
            return null;
        var after = random.NextInt64(range.Length);
        return random.Next(10) switch
        {
            0 => Fault.Stall,
            1 => Fault.StallBody(after),
            2 => Fault.Refuse(retryAfter: TimeSpan.FromMilliseconds(1)),
            < 6 => Fault.Refuse(),
            < 8 => Fault.Cut(after),
            _ => Fault.Break(after),
        };
    }

    private static byte[] MakeNoise()
    {
        var noise = new byte[8 * Piece];
        new Random(0).NextBytes(noise);
        return noise;
    }
}
