using Becket.Blocks;
using CsCheck;

namespace Becket.Tests.Blocks;

/// <summary>What a random caller can ask of a device.</summary>
public enum DeviceVerb
{
    Read,
    TryRead,
    Write,
    WriteZeroes,
    Zero,
    Trim,
    Flush,
    Extents,
}

/// <summary>One call of a random sequence. Runs against a device and an array of bytes, and compares them.</summary>
public sealed record DeviceCall(DeviceVerb Verb, int Offset, int Length, WriteOptions Options, byte Seed)
{
    /// <summary>Sequences of calls within a device of so many bytes, with a liking for the edges of its blocks.</summary>
    public static Gen<DeviceCall[]> Sequence(int size)
    {
        var unit = Gen.OneOf(Gen.Const(512), Gen.Const(4096), Gen.Const(65536));
        var edge = Gen.Select(
            unit, Gen.Int[0, 1000], Gen.Int[-2, 2], (block, number, shift) => block * (number % (size / block + 1)) + shift);
        var place = Gen.OneOf(Gen.Int[0, size], edge, Gen.Const(size)).Select(position => Math.Clamp(position, 0, size));
        return Gen.Select(Gen.Enum<DeviceVerb>(), place, place, Gen.Int[0, 7], Gen.Byte, (verb, a, b, options, seed) =>
            new DeviceCall(verb, Math.Min(a, b), Math.Abs(a - b), (WriteOptions)options, seed)).Array[1, 25];
    }

    public async Task RunAsync(IBlockDevice device, byte[] model, CancellationToken cancellationToken)
    {
        var range = new ByteRange(Offset, Length);
        var expected = model.AsMemory(Offset, Length);
        switch (Verb)
        {
            case DeviceVerb.Read:
                await CompareAsync(device, expected, cancellationToken);
                break;
            case DeviceVerb.TryRead:
                var buffer = new byte[Length];
                if (device.TryRead(Offset, buffer))
                    SameBytes.Check(expected.Span, buffer);
                break;
            case DeviceVerb.Write:
                new Random(Seed).NextBytes(expected.Span);
                await device.WriteAsync(Offset, expected.ToArray(), Options & WriteOptions.Durable, cancellationToken);
                break;
            case DeviceVerb.WriteZeroes:
                expected.Span.Clear();
                await device.WriteAsync(Offset, new byte[Length], Options & WriteOptions.Durable, cancellationToken);
                break;
            case DeviceVerb.Zero:
                await ZeroAsync(device, range, expected, cancellationToken);
                break;
            case DeviceVerb.Trim:
                await device.TrimAsync(range, Options & WriteOptions.Durable, cancellationToken);
                (await ReadAsync(device, cancellationToken)).CopyTo(expected); // unspecified, but from now on it stays
                break;
            case DeviceVerb.Flush:
                await device.FlushAsync(cancellationToken);
                break;
            case DeviceVerb.Extents:
                await device.CheckExtentsAsync(range, model);
                break;
        }
    }

    private async Task ZeroAsync(IBlockDevice device, ByteRange range, Memory<byte> expected, CancellationToken cancellationToken)
    {
        try
        {
            await device.ZeroAsync(range, Options, cancellationToken);
            expected.Span.Clear();
        }
        catch (BlockDeviceException e) when (e.Error == BlockError.NotSupported && Options.HasFlag(WriteOptions.FastOnly))
        {
            await CompareAsync(device, expected, cancellationToken); // refused at once, or not at all
        }
    }

    private async Task CompareAsync(IBlockDevice device, ReadOnlyMemory<byte> expected, CancellationToken cancellationToken)
    {
        var actual = await ReadAsync(device, cancellationToken);
        SameBytes.Check(expected.Span, actual);
    }

    private async Task<byte[]> ReadAsync(IBlockDevice device, CancellationToken cancellationToken)
    {
        var bytes = new byte[Length];
        await device.ReadAsync(Offset, bytes, cancellationToken);
        return bytes;
    }
}
