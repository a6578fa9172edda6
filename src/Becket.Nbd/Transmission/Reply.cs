namespace Becket.Nbd.Transmission;

/// <summary>
/// The outcome of one request: done, refused, or a content that already has its headers. It owns the content; whoever
/// has sent it disposes it.
/// </summary>
internal readonly struct Reply
{
    private Reply(long cookie, Refusal refusal, TransferBuffer? content)
    {
        Cookie = cookie;
        Refusal = refusal;
        Content = content;
    }

    public long Cookie { get; }

    public Refusal Refusal { get; }

    /// <summary>All bytes of the reply, or null where it is only a header.</summary>
    public TransferBuffer? Content { get; }

    public static Reply Done(long cookie) => new(cookie, default, null);

    public static Reply Refused(long cookie, Refusal refusal) => new(cookie, refusal, null);

    public static Reply Whole(long cookie, TransferBuffer content) => new(cookie, default, content);
}
