using System.Text;

namespace Becket.Objects.S3.Signing;

/// <summary>A cursor that appends text as UTF-8 to a span. The span must be large enough: there is no growth.</summary>
internal ref struct SpanWriter(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;

    public int Length { get; private set; }

    public readonly ReadOnlySpan<byte> Written => _buffer[..Length];

    public void Append(char ascii) => _buffer[Length++] = (byte)ascii;

    public void Append(ReadOnlySpan<char> text) => Length += Encoding.UTF8.GetBytes(text, _buffer[Length..]);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_buffer[Length..]);
        Length += bytes.Length;
    }

    public void AppendHex(ReadOnlySpan<byte> bytes)
    {
        Convert.TryToHexStringLower(bytes, _buffer[Length..], out var written);
        Length += written;
    }
}
