using Becket.Objects;

namespace Becket.Verifying;

/// <summary>
/// One checksum being computed over an object whose bytes are appended in order: of the bytes, or of the checksums of its parts. For one
/// thread at a time.
/// </summary>
/// <param name="stored">What it should come to.</param>
/// <param name="layout">The parts; null for a checksum of the bytes themselves.</param>
internal sealed class ChecksumTest(StoredChecksum stored, PartLayout? layout) : IDisposable
{
    private readonly RunningDigest _digest = RunningDigest.Start(stored.Kind);
    private readonly RunningDigest? _ofParts = layout is null ? null : RunningDigest.Start(stored.Kind);
    private int _part;
    private long _leftInPart = layout?.SizeOf(0) ?? long.MaxValue;
    private bool _isPartBegun;

    public StoredChecksum Stored => stored;

    public PartLayout? Layout => layout;

    public void Append(ReadOnlySpan<byte> data)
    {
        while (data.Length > _leftInPart)
        {
            var rest = (int)_leftInPart;
            _digest.Append(data[..rest]);
            data = data[rest..];
            EndPart();
        }
        _digest.Append(data);
        _leftInPart -= data.Length;
        _isPartBegun |= data.Length > 0;
    }

    /// <summary>What it came to. Once, after the last byte.</summary>
    public byte[] Finish()
    {
        if (_ofParts is null)
            return _digest.Take();
        if (_isPartBegun)
            EndPart();
        return _ofParts.Take();
    }

    public void Dispose()
    {
        _digest.Dispose();
        _ofParts?.Dispose();
    }

    private void EndPart()
    {
        _ofParts!.Append(_digest.Take());
        _leftInPart = layout!.SizeOf(++_part);
        _isPartBegun = false;
    }
}
