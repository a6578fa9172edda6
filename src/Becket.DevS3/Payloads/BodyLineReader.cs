using System.Text;
using Becket.DevS3.Protocol;

namespace Becket.DevS3.Payloads;

/// <summary>
/// A body read sometimes as lines and sometimes as bytes, as chunked framing needs it. One reader at a time; the
/// stream below belongs to the caller.
/// </summary>
internal sealed class BodyLineReader(Stream body)
{
    private readonly byte[] _buffer = new byte[16 << 10];
    private int _start;
    private int _end;

    /// <summary>A line without its CR LF; null at the end of the body.</summary>
    /// <exception cref="S3Exception">IncompleteBody: the line is too long, or the body ends in it.</exception>
    public async ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            int length = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8);
            if (length >= 0)
            {
                string line = Encoding.UTF8.GetString(_buffer, _start, length);
                _start += length + 2;
                return line;
            }

            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
            int read = _end == _buffer.Length ? 0 : await body.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            if (read == 0)
                return _end == 0 ? null : throw S3Error.IncompleteBody.Because("The body is not aws-chunked: a line does not end.");
            _end += read;
        }
    }

    /// <summary>At least one byte, at most <paramref name="destination"/> full; 0 at the end of the body.</summary>
    public async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (_start == _end)
            return await body.ReadAsync(destination, cancellationToken);

        int count = Math.Min(_end - _start, destination.Length);
        _buffer.AsMemory(_start, count).CopyTo(destination);
        _start += count;
        return count;
    }
}
