using System.Globalization;

namespace Becket.Objects.Http;

/// <summary>
/// The body of a checked answer: exactly the bytes of the range, then the end (README, invariant 1). Owns the response. For one reader at
/// a time.
/// </summary>
internal sealed class RangeBody(HttpResponseMessage response, Stream body, string objectName, ObjectRange range) : ReadOnlyStream
{
    private long _got;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var left = range.Length - _got;
        if (left == 0 || buffer.IsEmpty)
            return 0;
        var read = await ReadBodyAsync(buffer[..(int)Math.Min(left, buffer.Length)], cancellationToken);
        if (read == 0)
            throw Short(inner: null);
        // The end is checked before the last bytes are handed out: who asked for N bytes need not read on to the end.
        if (read == left)
            await CheckEndAsync(cancellationToken);
        _got += read;
        return read;
    }

    /// <remarks>Also what lets the connection be used again: in a chunked body the end is a chunk of its own.</remarks>
    private async ValueTask CheckEndAsync(CancellationToken cancellationToken)
    {
        // A Content-Length, which was compared with the range, frames the body: the transport cannot yield more.
        if (response.Content.Headers.ContentLength is not null && response.Headers.TransferEncodingChunked != true)
            return;
        if (await ReadBodyAsync(new byte[1], cancellationToken) != 0)
            throw new ObjectStoreException(ObjectStoreError.BadAnswer, $"{objectName}, {range}: the body is longer than the range");
    }

    private async ValueTask<int> ReadBodyAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await body.ReadAsync(buffer, cancellationToken);
        }
        catch (HttpIOException e) when (e.HttpRequestError == HttpRequestError.ResponseEnded)
        {
            throw Short(e);
        }
        catch (Exception e) when (TransportFailure.Is(e, cancellationToken))
        {
            throw TransportFailure.From(e, string.Create(CultureInfo.InvariantCulture, $"{objectName}, {range}, after {_got} of {range.Length} bytes"));
        }
    }

    private ObjectStoreException Short(Exception? inner) => new(
        ObjectStoreError.Unavailable,
        string.Create(CultureInfo.InvariantCulture, $"{objectName}, {range}: the body ended after {_got} of {range.Length} bytes"),
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
