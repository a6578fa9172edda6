using System.Globalization;

namespace Becket.Objects.Http;

/// <summary>
/// The body of a checked answer: exactly the bytes of the range, then the end (README, invariant 1). Owns the response. For one reader at
/// a time.
/// </summary>
/// <remarks>
/// Where the answer does not announce its length, nothing is handed out before the body's end has come: only the end tells whether it
/// was the range, and not, say, the whole object under a range's header.
/// </remarks>
internal sealed class RangeBody(HttpResponseMessage response, Stream body, string objectName, ObjectRange range) : ReadOnlyStream
{
    /// <summary>The longest range that is held back in memory. Nobody asks for a longer one but who reads a whole object at once.</summary>
    private const int MostHeld = 64 << 20;

    /// <summary>A Content-Length, which was compared with the range, frames the body: the transport cannot yield more.</summary>
    private readonly bool _isMeasured =
        response.Content.Headers.ContentLength is not null && response.Headers.TransferEncodingChunked != true;

    private byte[]? _held;
    private long _got;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var left = range.Length - _got;
        if (left == 0 || buffer.IsEmpty)
            return 0;
        if (buffer.Length > left)
            buffer = buffer[..(int)left];
        var read = _isMeasured ? await ReadBodyAsync(buffer, cancellationToken) : await ReadHeldAsync(buffer, cancellationToken);
        if (read == 0)
            throw Short(_got, inner: null);
        _got += read;
        return read;
    }

    private async ValueTask<int> ReadHeldAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var held = _held ??= await HoldAsync(cancellationToken);
        held.AsMemory((int)_got, buffer.Length).CopyTo(buffer);
        return buffer.Length;
    }

    /// <remarks>Reading the end is also what lets the connection be used again: in a chunked body the end is a chunk of its own.</remarks>
    private async ValueTask<byte[]> HoldAsync(CancellationToken cancellationToken)
    {
        if (range.Length > MostHeld)
        {
            throw RangeAnswer.Bad(
                objectName, range, "the server does not announce the length of its answer, which is too long to be checked before use");
        }
        var held = new byte[range.Length];
        for (var got = 0; got < held.Length;)
        {
            var read = await ReadBodyAsync(held.AsMemory(got), cancellationToken);
            if (read == 0)
                throw Short(got, inner: null);
            got += read;
        }
        if (await ReadBodyAsync(new byte[1], cancellationToken) != 0)
            throw RangeAnswer.Bad(objectName, range, "the body is longer than the range");
        return held;
    }

    private async ValueTask<int> ReadBodyAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await body.ReadAsync(buffer, cancellationToken);
        }
        catch (HttpIOException e) when (e.HttpRequestError == HttpRequestError.ResponseEnded)
        {
            throw Short(_got, e);
        }
        catch (Exception e) when (TransportFailure.Is(e, cancellationToken))
        {
            throw TransportFailure.From(
                e, string.Create(CultureInfo.InvariantCulture, $"{objectName}, {range}, after {_got} of {range.Length} bytes"));
        }
    }

    private ObjectStoreException Short(long got, Exception? inner) => new(
        ObjectStoreError.Unavailable,
        string.Create(CultureInfo.InvariantCulture, $"{objectName}, {range}: the body ended after {got} of {range.Length} bytes"),
        inner)
    {
        IsTransient = true,
    };

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            response.Dispose();
        base.Dispose(disposing);
    }
}
