using System.Globalization;

namespace Becket.Objects.S3.Signing;

/// <summary>
/// Signs requests with AWS Signature Version 4 in the <c>Authorization</c> header. May be used from many threads at
/// once: what it remembers (the last derived key, the text of the current second, how far the store's clock is from
/// ours) are immutable values swapped whole.
/// </summary>
internal sealed class RequestSigner(TimeProvider time)
{
    private volatile SigningKey? _key;
    private volatile Timestamp? _timestamp;
    private long _clockOffset; // ticks

    /// <summary>How far the store's clock is ahead of ours; signatures are dated by the store's clock.</summary>
    public TimeSpan ClockOffset
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref _clockOffset));
        set => Interlocked.Exchange(ref _clockOffset, value.Ticks);
    }

    /// <summary>
    /// The value of <c>x-amz-date</c> for a request signed now, <c>yyyyMMddTHHmmssZ</c>. Requests of the same second
    /// share one string.
    /// </summary>
    public string TimestampNow()
    {
        var now = time.GetUtcNow() + ClockOffset;
        var second = now.UtcTicks / TimeSpan.TicksPerSecond;
        var last = _timestamp;
        if (last is not null && last.Second == second)
            return last.Text;

        var text = now.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        _timestamp = new Timestamp(second, text);
        return text;
    }

    /// <summary>The value of the <c>Authorization</c> header.</summary>
    /// <param name="request">The request; its headers hold <c>x-amz-date</c> with the same timestamp.</param>
    /// <param name="timestamp">What <see cref="TimestampNow"/> gave for this request.</param>
    /// <param name="credentials">Whose request.</param>
    /// <param name="region">The region the request is for.</param>
    public string Authorize(in CanonicalRequest request, string timestamp, S3Credentials credentials, string region)
    {
        var key = _key;
        if (key is null || !key.Serves(credentials, region, timestamp))
            _key = key = new SigningKey(credentials, region, timestamp[..8]);
        return key.Authorize(request, timestamp);
    }

    private sealed record Timestamp(long Second, string Text);
}
